"""Schema llmio: polls that open by themselves at a time. In `public` such a poll is a draft."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "polls_0021"
down_revision = "integrations_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "poll_openings",
        sa.Column("poll_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("planner_id", sa.Integer, nullable=False),
        sa.Column("opening_at", moment, nullable=False),
        sa.Column("closing_at", moment, nullable=False),
        sa.Column("notify", sa.Boolean, server_default="false", nullable=False),
        sa.Column("message", sa.Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("poll_id", name=op.f("poll_openings_pkey")),
        sa.ForeignKeyConstraint(
            ["poll_id"], ["public.polls.id"], name=op.f("fk_poll_openings_poll_id"), ondelete="CASCADE"
        ),
        schema="llmio",
    )
    op.create_index(op.f("index_poll_openings_on_opening_at"), "poll_openings", ["opening_at"], schema="llmio")


def downgrade() -> None:
    """Drop it: what was planned stays a draft."""
    op.drop_table("poll_openings", schema="llmio")
