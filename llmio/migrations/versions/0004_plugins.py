"""Schema llmio: switches of plugins and their failures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "plugins_0004"
down_revision = "accounts_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "plugin_switches",
        sa.Column("plugin", sa.Text, primary_key=True),
        sa.Column("on", sa.Boolean, nullable=False),
        sa.Column("changed_by", sa.BigInteger),
        sa.Column("changed_at", moment, nullable=False),
        schema="llmio",
    )
    op.create_table(
        "plugin_failures",
        sa.Column("plugin", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("traceback", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("first_at", moment, nullable=False),
        sa.Column("last_at", moment, nullable=False),
        schema="llmio",
    )
    op.create_index("index_plugin_failures_on_last_at", "plugin_failures", ["last_at"], schema="llmio")


def downgrade() -> None:
    """Drop both."""
    op.drop_table("plugin_failures", schema="llmio")
    op.drop_table("plugin_switches", schema="llmio")
