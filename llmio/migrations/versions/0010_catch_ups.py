"""Schema llmio: who got the summary of which day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "notifications_0010"
down_revision = "search_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "catch_ups",
        sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("since", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
        schema="llmio",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("catch_ups", schema="llmio")
