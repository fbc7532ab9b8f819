"""Schema llmio: what the doctor found last, with the support bundle, for the page of administrators."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "core_0018"
down_revision = "core_0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "examinations",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("findings", JSONB, nullable=False),
        sa.Column("bundle", sa.LargeBinary, nullable=False),
        schema="llmio",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("examinations", schema="llmio")
