"""Schema llmio: exports that were imported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "upkeep_0015"
down_revision = "upkeep_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "group_imports",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("fingerprint", sa.Text, server_default="", nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("again", sa.Boolean, server_default="false", nullable=False),
        sa.Column("blob_id", sa.BigInteger),
        sa.Column("user_id", sa.Integer),
        sa.Column("group_id", sa.Integer),
        sa.Column("outcome", sa.Text, server_default="", nullable=False),
        sa.Column("report", JSONB, server_default="{}", nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("finished_at", moment),
        schema="llmio",
    )
    op.create_index("index_group_imports_on_fingerprint", "group_imports", ["fingerprint"], schema="llmio")


def downgrade() -> None:
    """Drop it."""
    op.drop_table("group_imports", schema="llmio")
