"""Schema llmio: what was adopted, what was wrong with it, and which backups were made and proved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "upkeep_0014"
down_revision = "integrations_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "adoptions",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("adopted_at", moment, nullable=False),
        sa.Column("report", JSONB, server_default="{}", nullable=False),
        schema="llmio",
    )
    op.create_table(
        "adoption_findings",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("row_id", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("done", sa.Text, nullable=False),
        sa.Column("original", sa.Text, nullable=False),
        schema="llmio",
    )
    op.create_table(
        "backups",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("archive", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("proved_at", moment),
        sa.Column("fault", sa.Text, server_default="", nullable=False),
        schema="llmio",
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("backups", "adoption_findings", "adoptions"):
        op.drop_table(table, schema="llmio")
