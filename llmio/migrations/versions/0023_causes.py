"""Schema llmio: which request caused a job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0023"
down_revision = "core_0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; to rows that wait it says nothing."""
    op.add_column("outbox", sa.Column("request_id", sa.Text), schema="llmio")


def downgrade() -> None:
    """Drop it."""
    op.drop_column("outbox", "request_id", schema="llmio")
