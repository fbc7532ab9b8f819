"""Schema llmio: mail that was taken and is not done with; who was told that a mail could not be used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import CITEXT, JSONB

revision = "mail_0008"
down_revision = "mail_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the three tables."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "incoming_mails",
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("inbound_email_id", sa.BigInteger, nullable=False),
        sa.Column("received_email_id", sa.BigInteger),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("recipients", JSONB, nullable=False),
        sa.Column("checks", JSONB, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("incoming_mails_pkey")),
        sa.UniqueConstraint("inbound_email_id", name=op.f("uq_incoming_mails_inbound_email_id")),
        sa.ForeignKeyConstraint(
            ["inbound_email_id"],
            ["public.action_mailbox_inbound_emails.id"],
            name=op.f("fk_incoming_mails_inbound_email_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["received_email_id"],
            ["public.received_emails.id"],
            name=op.f("fk_incoming_mails_received_email_id"),
            ondelete="CASCADE",
        ),
        schema="llmio",
    )
    op.create_index(
        op.f("index_incoming_mails_on_received_email_id"), "incoming_mails", ["received_email_id"], schema="llmio"
    )
    op.create_table(
        "incoming_pieces",
        sa.Column("mail_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("mail_id", "number", name=op.f("incoming_pieces_pkey")),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["llmio.incoming_mails.id"], name=op.f("fk_incoming_pieces_mail_id"), ondelete="CASCADE"
        ),
        schema="llmio",
    )
    op.create_table(
        "mail_bounces",
        sa.Column("email", CITEXT, nullable=False),
        sa.Column("sent_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("email", name=op.f("mail_bounces_pkey")),
        schema="llmio",
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("mail_bounces", schema="llmio")
    op.drop_table("incoming_pieces", schema="llmio")
    op.drop_table("incoming_mails", schema="llmio")
