"""Schema llmio: the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "core_0002"
down_revision = "public_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the outbox: rows that must become jobs."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("args", postgresql.JSONB, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("available_at", moment, nullable=False),
        sa.Column("kicked_at", moment),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("dead_at", moment),
        schema="llmio",
    )
    op.create_index(
        "index_outbox_on_available_at",
        "outbox",
        ["available_at"],
        schema="llmio",
        postgresql_where=sa.text("dead_at IS NULL"),
    )


def downgrade() -> None:
    """Drop the outbox."""
    op.drop_table("outbox", schema="llmio")
