"""Schema llmio: signed-in browsers, and sign-ins under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "accounts_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create sessions and sign_ins."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("ip", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("ended_at", moment),
        sa.PrimaryKeyConstraint("id", name=op.f("sessions_pkey")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["public.users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"
        ),
        schema="llmio",
    )
    op.create_index(op.f("index_sessions_on_user_id"), "sessions", ["user_id"], schema="llmio")
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("email", sa.dialects.postgresql.CITEXT, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("signing_up", sa.Boolean, nullable=False),
        sa.Column("browser", sa.Text, nullable=False),
        sa.Column("login_token_id", sa.Integer),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("redirect", sa.Text),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_ins_pkey")),
        sa.ForeignKeyConstraint(
            ["login_token_id"],
            ["public.login_tokens.id"],
            name=op.f("fk_sign_ins_login_token_id"),
            ondelete="CASCADE",
        ),
        schema="llmio",
    )
    op.create_index(op.f("index_sign_ins_on_browser"), "sign_ins", ["browser"], schema="llmio")
    op.create_index(op.f("index_sign_ins_on_email_created_at"), "sign_ins", ["email", "created_at"], schema="llmio")
    op.create_index(op.f("index_sign_ins_on_login_token_id"), "sign_ins", ["login_token_id"], schema="llmio")


def downgrade() -> None:
    """Drop both."""
    op.drop_table("sign_ins", schema="llmio")
    op.drop_table("sessions", schema="llmio")
