"""Schema llmio: kinds of integrations that the reference has not, and the ways by which a person hears beside mail.

Rows of `public.chatbots` whose format the reference does not know become ones that it can read and sends nothing to.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "integrations_0020"
down_revision = "core_0019"
branch_labels = None
depends_on = None

BEYOND = "kind = 'webhook' AND webhook_kind NOT IN ('slack', 'microsoft', 'discord', 'markdown', 'webex')"


def upgrade() -> None:
    """Add the columns and the table; write rows of other formats anew."""
    for name, kind, default in (
        ("webhook_kind", sa.Text, ""),
        ("notifier", sa.Text, ""),
        ("event_kinds", JSONB, "[]"),
        ("values", JSONB, "{}"),
    ):
        column = sa.Column(name, kind, server_default=default, nullable=False)
        op.add_column("chatbot_notes", column, schema="llmio")
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "person_ways",
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("notifier", sa.Text, primary_key=True),
        sa.Column("values", JSONB, server_default="{}", nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("test_asked_at", moment),
        sa.Column("test_state", sa.Text, server_default="", nullable=False),
        sa.Column("test_answer", sa.Text, server_default="", nullable=False),
        sa.Column("test_ended_at", moment),
        schema="llmio",
    )
    op.execute(
        "INSERT INTO llmio.chatbot_notes AS n (chatbot_id, webhook_kind, event_kinds) "  # noqa: S608  # our own words
        f"SELECT id, webhook_kind, coalesce(to_jsonb(event_kinds), '[]') FROM public.chatbots WHERE {BEYOND} "
        "ON CONFLICT (chatbot_id) DO UPDATE SET webhook_kind = excluded.webhook_kind, event_kinds = excluded.event_kinds"
    )
    op.execute(f"UPDATE public.chatbots SET webhook_kind = 'markdown', event_kinds = '{{}}' WHERE {BEYOND}")  # noqa: S608  # likewise


def downgrade() -> None:
    """Write the rows as they were, drop the table and the columns."""
    op.execute(
        "UPDATE public.chatbots c SET webhook_kind = n.webhook_kind, "
        "event_kinds = ARRAY(SELECT jsonb_array_elements_text(n.event_kinds)) "
        "FROM llmio.chatbot_notes n WHERE n.chatbot_id = c.id AND n.webhook_kind <> ''"
    )
    op.drop_table("person_ways", schema="llmio")
    for name in ("values", "event_kinds", "notifier", "webhook_kind"):
        op.drop_column("chatbot_notes", name, schema="llmio")
