"""Schema llmio: long work and how far it has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0012"
down_revision = "notifications_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "long_work",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("user_id", sa.Integer),
        sa.Column("state", sa.Text, server_default="waiting", nullable=False),
        sa.Column("done", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.Column("link", sa.Text, server_default="", nullable=False),
        sa.Column("error", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("started_at", moment),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("finished_at", moment),
        schema="llmio",
    )
    op.create_index(
        "index_long_work_on_state",
        "long_work",
        ["state"],
        schema="llmio",
        postgresql_where=sa.text("finished_at IS NULL"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("long_work", schema="llmio")
