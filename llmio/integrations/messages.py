"""The message about one event for a channel: what a person who is not signed in may see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio import mail
from llmio.accounts.models import User
from llmio.core import i18n
from llmio.core.tables import Event
from llmio.integrations.data import data_of
from llmio.integrations.models import Chatbot
from llmio.integrations.parts import Telling, parts_of
from llmio.integrations.service import absent, target_of
from llmio.notifications import reasons, texts
from llmio.notifications.deliveries import Delivery
from llmio.notifications.sending import Absent
from llmio.notifications.subjects import Subject
from llmio.plugins import Message, Target
from llmio.plugins.content import Html, Markdown, Plain

if TYPE_CHECKING:
    from llmio.core.context import Context


def compose(ctx: Context, row: Delivery, event: Event, subject: Subject) -> tuple[Message, Target] | str:
    """Message and target, or why nothing must be sent."""
    chatbot = ctx.db.get(Chatbot, row.recipient_id)
    if chatbot is None:
        return "the integration was removed"
    if subject.group is None or subject.group.id != chatbot.group_id:
        return "what it is about belongs to another group by now"
    if absent(ctx, {chatbot.id}):
        return Absent(f"no webhook format named {chatbot.shape}: is its plugin installed and on?")
    return message_of(ctx, chatbot, row, event, subject), target_of(ctx, chatbot)


def message_of(ctx: Context, chatbot: Chatbot, row: Delivery, event: Event, subject: Subject) -> Message:
    """In the language, zone and date format of whoever connected the channel, else of the group's creator."""
    reader = reader_of(ctx, chatbot)
    actor = ctx.db.get(User, event.user_id) if event.user_id else None
    telling = Telling(ctx, event, subject, reader, actor)
    with mail.language_of(reader):
        parts = parts_of(telling, full=not chatbot.notification_only)
        return Message(
            event.kind or "",
            texts.headline(event.kind or "", actor=telling.name, title=subject.title),
            Plain().render(parts),
            html=Html().render(parts),
            markdown=Markdown().render(parts),
            url=telling.url(subject.path),
            why=reasons.sentence(row.reason, telling.name),
            locale=i18n.current.get(),
            data=data_of(telling, full=not chatbot.notification_only),
            parts=parts,
            id=id_of(row),
        )


def id_of(row: Delivery) -> str:
    """The same at each try; another one where somebody wants what had arrived once more."""
    again = int((row.data or {}).get("again", 0))
    return f"msg_{row.id}" + (f"_{again}" if again else "")


def reader_of(ctx: Context, chatbot: Chatbot) -> User | None:
    """Whose language, zone and date format a channel has."""
    user_id = chatbot.author_id or (chatbot.group.creator_id if chatbot.group else None)
    return ctx.db.get(User, user_id) if user_id else None
