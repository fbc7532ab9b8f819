"""Schema llmio: how far the building of a search index has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "search_0009"
down_revision = "mail_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "search_builds",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("after_id", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("finished_at", moment),
        schema="llmio",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("search_builds", schema="llmio")
