"""Schema llmio: signs of life, and when scheduled jobs were last asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "worker_0006"
down_revision = "notifications_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", moment, nullable=False),
        schema="llmio",
    )
    op.create_table(
        "schedule_runs",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("last_run_at", moment, nullable=False),
        schema="llmio",
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("schedule_runs", schema="llmio")
    op.drop_table("heartbeats", schema="llmio")
