"""The message about one event for one person, by another way than mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio import mail
from llmio.accounts.models import User
from llmio.core import i18n
from llmio.core.tables import Event
from llmio.core.urls import absolute
from llmio.notifications import entries, mails, reasons, texts
from llmio.notifications.deliveries import Delivery
from llmio.notifications.models import PersonWay
from llmio.notifications.service import invitation_path
from llmio.notifications.subjects import Subject
from llmio.plugins import Headline, Html, Markdown, Message, Part, Plain, Prose, Quote, Target, Title

if TYPE_CHECKING:
    from llmio.core.context import Context


def compose(ctx: Context, row: Delivery, event: Event, subject: Subject, user: User) -> tuple[Message, Target] | str:
    """Message and target in the person's language; why not, where the person wants none this way any more."""
    way = ctx.db.get(PersonWay, (user.id, row.notifier))
    if way is None:
        return "the person does not want it this way any more"
    settings = ctx.app.settings
    with mail.language_of(user):
        kind = "comment_replied_to" if row.reason == "replied" else event.kind or ""
        actor = ctx.db.get(User, event.user_id) if event.user_id else None
        name = mails.name_of(actor, subject)
        headline = texts.headline(kind, actor=name, title=subject.title)
        url = absolute(settings, invitation_path(ctx, event, subject, user.id) or subject.path)
        parts: list[Part] = [Headline(headline), Title(subject.title, url)]
        if said := event.custom_fields.get("recipient_message"):
            parts.append(Quote(said))
        html = mails.readable_elsewhere(subject, settings)
        if html.strip():
            parts.append(Prose(html, mail.html_to_text(html)))
        message = Message(
            kind,
            headline,
            Plain().render(parts),
            html=Html().render(parts),
            markdown=Markdown().render(parts),
            url=url,
            why=reasons.sentence(row.reason, name),
            locale=i18n.current.get(),
            parts=tuple(parts),
            id=f"msg_{row.id}",
        )
    return message, entries.target(way.values, user.name or "")
