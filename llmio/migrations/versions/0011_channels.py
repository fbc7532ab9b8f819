"""Schema llmio: each try to reach a channel, and how fast channels may be sent to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "notifications_0011"
down_revision = "notifications_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("delivery_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("requests", postgresql.JSONB, server_default="[]", nullable=False),
        schema="llmio",
    )
    for column in ("delivery_id", "started_at"):
        op.create_index(f"index_delivery_attempts_on_{column}", "delivery_attempts", [column], schema="llmio")
    op.create_table(
        "channel_paces",
        sa.Column("lane", sa.Text, primary_key=True),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("held_until", moment),
        schema="llmio",
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("channel_paces", schema="llmio")
    op.drop_table("delivery_attempts", schema="llmio")
