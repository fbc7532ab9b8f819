"""The table of votes heard of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "poll_resistance_1"
down_revision = None


def upgrade() -> None:
    """Create it; it lands in the plugin's own schema."""
    op.create_table(
        "heard",
        sa.Column("event_id", sa.BigInteger, primary_key=True),
        sa.Column("heard_at", sa.TIMESTAMP(timezone=True), nullable=False),
    )
