"""Schema llmio: the log of mails, and addresses that are not written to any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "mail_0007"
down_revision = "worker_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "sent_mails",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("attempted_at", moment, nullable=False),
        sa.UniqueConstraint("message_id", "address", name=op.f("uq_sent_mails_message_id_address")),
        schema="llmio",
    )
    op.create_index(op.f("index_sent_mails_on_attempted_at_id"), "sent_mails", ["attempted_at", "id"], schema="llmio")
    op.create_index(op.f("index_sent_mails_on_address_id"), "sent_mails", ["address", "id"], schema="llmio")
    op.create_table(
        "suppressed_addresses",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        schema="llmio",
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("suppressed_addresses", schema="llmio")
    op.drop_table("sent_mails", schema="llmio")
