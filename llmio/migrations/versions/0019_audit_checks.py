"""Schema llmio: what came of checking the log of administrators' acts last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0019"
down_revision = "core_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "audit_checks",
        sa.Column("whole", sa.Boolean, primary_key=True),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("read", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
        sa.Column("broken", sa.BigInteger),
        sa.Column("fault", sa.Text, server_default="", nullable=False),
        schema="llmio",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("audit_checks", schema="llmio")
