"""What is due: when an execution moves on by itself, the kind of its trigger, and what its last firing brought."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from oos.adapters.sql.schema import TEXT

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From 0001. What had not ended by then is due at once: whoever takes it up tells more."""
    op.add_column("executions", sa.Column("due", sa.BigInteger))
    op.add_column("executions", sa.Column("category", TEXT, nullable=False, server_default=""))
    op.add_column("executions", sa.Column("firing", sa.LargeBinary))
    op.execute("UPDATE executions SET due = started WHERE ended IS NULL")
    executions = sa.table("executions", sa.column("due"), sa.column("ended"))
    for name, columns, where in (
        ("executions_due", ["due", "root_id"], executions.c.due.is_not(None)),
        ("executions_unfinished", ["root_id"], executions.c.ended.is_(None)),
    ):
        op.create_index(name, "executions", columns, sqlite_where=where, postgresql_where=where)
