"""Deliveries: messages that must reach someone outside the site."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "notifications_0005"
down_revision = "plugins_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("event_id", sa.Integer, nullable=False),
        sa.Column("notifier", sa.Text, nullable=False),
        sa.Column("recipient_type", sa.Text, nullable=False),
        sa.Column("recipient_id", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("status", sa.Text, server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("answer", sa.Text, server_default="", nullable=False),
        sa.Column("data", postgresql.JSONB, server_default="{}", nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("attempted_at", moment),
        sa.Column("delivered_at", moment),
        schema="llmio",
    )
    op.create_index(
        "uq_deliveries_event_notifier_recipient",
        "deliveries",
        ["event_id", "notifier", "recipient_type", "recipient_id"],
        unique=True,
        schema="llmio",
    )
    op.create_index("index_deliveries_on_recipient", "deliveries", ["recipient_type", "recipient_id"], schema="llmio")
    op.create_index(
        "index_deliveries_on_status",
        "deliveries",
        ["status"],
        schema="llmio",
        postgresql_where=sa.text("status <> 'delivered'"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("deliveries", schema="llmio")
