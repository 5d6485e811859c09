"""The first tables: events, executions, contents, signals, documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from oos.adapters.sql.schema import NUMBER, TEXT

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From nothing."""
    op.create_table(
        "contents",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "documents",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
    )
    op.create_table(
        "events",
        sa.Column("execution_id", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("execution_id", "sequence"),
    )
    op.create_table(
        "executions",
        sa.Column("execution_id", TEXT, nullable=False),
        sa.Column("root_id", TEXT, nullable=False),
        sa.Column("parent_id", TEXT, nullable=False),
        sa.Column("template_name", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("started_by", TEXT, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.Column("waiting", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("client_token", TEXT, nullable=False),
        sa.Column("region", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("execution_id"),
    )
    given = sa.text("client_token != ''")
    op.create_index(
        "executions_client_token",
        "executions",
        ["client_token"],
        unique=True,
        sqlite_where=given,
        postgresql_where=given,
    )
    op.create_index("executions_parent", "executions", ["parent_id", "started", "execution_id"])
    op.create_index("executions_started", "executions", ["started", "execution_id"])
    op.create_table(
        "signals",
        sa.Column("number", NUMBER, nullable=False, autoincrement=True),
        sa.Column("execution_id", TEXT, nullable=False),
        sa.Column("root_id", TEXT, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("sent_at", sa.DateTime, nullable=False, server_default=sa.func.current_timestamp()),
        sa.Column("done", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    unanswered = sa.text("done = 0")
    op.create_index("signals_unanswered", "signals", ["number"], sqlite_where=unanswered, postgresql_where=unanswered)
