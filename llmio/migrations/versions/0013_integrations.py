"""Schema llmio: secrets and tests of integrations, and how often a channel failed in a row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "integrations_0013"
down_revision = "core_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, add the column."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "chatbot_notes",
        sa.Column("chatbot_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("old_secrets", postgresql.JSONB, server_default="[]", nullable=False),
        sa.Column("test_asked_at", moment),
        sa.Column("test_state", sa.Text, server_default="", nullable=False),
        sa.Column("test_answer", sa.Text, server_default="", nullable=False),
        sa.Column("test_ended_at", moment),
        schema="llmio",
    )
    op.add_column(
        "channel_paces", sa.Column("failures", sa.Integer, server_default="0", nullable=False), schema="llmio"
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_column("channel_paces", "failures", schema="llmio")
    op.drop_table("chatbot_notes", schema="llmio")
