"""Schema llmio: what administrators switch while the site runs, who changed what, and a count that tells of changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "core_0016"
down_revision = "upkeep_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "switches",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("group_id", sa.BigInteger, primary_key=True, autoincrement=False, server_default="0"),
        sa.Column("value", JSONB, nullable=False),
        schema="llmio",
    )
    op.create_table(
        "switch_changes",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("group_id", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("before", JSONB(none_as_null=True)),
        sa.Column("after", JSONB(none_as_null=True)),
        sa.Column("changed_by", sa.BigInteger),
        sa.Column("changed_by_name", sa.Text, server_default="", nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        schema="llmio",
    )
    op.create_table(
        "switch_versions",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        schema="llmio",
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("switch_versions", "switch_changes", "switches"):
        op.drop_table(name, schema="llmio")
