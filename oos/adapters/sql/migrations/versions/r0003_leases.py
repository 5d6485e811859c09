"""Leases: who drives what, where several hosts share the journal. And answered signals are gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from oos.adapters.sql.schema import NUMBER, TEXT

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From 0002. What answered signals said is in the journal."""
    op.create_table(
        "processes",
        sa.Column("number", NUMBER, nullable=False, autoincrement=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("host", TEXT, nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leases",
        sa.Column("number", NUMBER, nullable=False, autoincrement=True),
        sa.Column("root_id", TEXT, nullable=False),
        sa.Column("process", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index("leases_root", "leases", ["root_id"], unique=True)
    op.create_index("leases_process", "leases", ["process"])
    op.execute("DELETE FROM signals WHERE done = 1")
    op.drop_index("signals_unanswered", "signals")
    op.drop_column("signals", "done")
    op.create_index("signals_root", "signals", ["root_id", "number"])
