"""The mail about one event for one person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio import mail
from llmio.accounts.models import User
from llmio.core import richtext
from llmio.core.tables import Event
from llmio.core.urls import absolute
from llmio.notifications import reasons, texts, volumes
from llmio.notifications.audience import INVITATIONS
from llmio.notifications.deliveries import Delivery
from llmio.notifications.service import invitation_path
from llmio.notifications.subjects import Subject
from llmio.plugins import Message, Target

if TYPE_CHECKING:
    from llmio.core.context import Context

TEMPLATE = "notifications/mail.jinja2"
OF_THREAD = frozenset({"new_discussion", "discussion_edited", "discussion_announced", "new_comment", "user_mentioned"})


def compose(ctx: Context, row: Delivery, event: Event, subject: Subject, user: User) -> tuple[Message, Target]:
    """Message and target of one mail; rendered in the person's language, with the reason why it came."""
    with mail.language_of(user):
        kind = "comment_replied_to" if row.reason == "replied" else event.kind or ""
        actor = ctx.db.get(User, event.user_id) if event.user_id else None
        name = _name_of(actor, subject)
        place = None if event.kind in INVITATIONS else volumes.place_of(subject)
        unsubscribe = absolute(ctx.app.settings, volumes.unsubscribe_path(user, place))
        path = invitation_path(ctx, event, subject, user.id) or subject.path
        why = reasons.sentence(row.reason, name)
        values: dict[str, Any] = {
            "headline": texts.headline(kind, actor=name, title=subject.title),
            "call": texts.call(kind),
            "url": absolute(ctx.app.settings, path, utm_medium="email", utm_campaign=kind),
            "message": event.custom_fields.get("recipient_message") or "",
            "body": subject.html,
            "body_text": richtext.plain(subject.text, subject.text_format),
            "why": why,
            "unsubscribe_url": unsubscribe,
            "poll": subject.poll,
            "group": subject.group,
            "user": user,
        }
        made = mail.compose(
            ctx,
            user,
            TEMPLATE,
            _subject_line(subject, event, values["headline"]),
            values,
            kind=kind,
            actor_name=name,
            message_id=f"event-{event.id}-{row.notifier}-{user.id}",
            thread=_thread(subject),
            unsubscribe_url=unsubscribe,
        )
    message = Message(
        kind,
        made.subject,
        made.text,
        made.html,
        url=values["url"],
        why=why,
        locale=user.selected_locale or "en",
        headers={**made.headers, "Message-ID": made.message_id},
    )
    options = {"sender": made.sender, "reply_to": made.reply_to}
    return message, Target(user.email or "", user.name or "", options)


def _name_of(actor: User | None, subject: Subject) -> str:
    """Who acted; never the voter of an anonymous poll."""
    if subject.poll is not None and subject.poll.anonymous and type(subject.record).__name__ == "Stance":
        return ""
    return (actor.name or "") if actor else ""


def _subject_line(subject: Subject, event: Event, headline: str) -> str:
    """`[handle] …`, as the reference has it; mails about a thread carry its title, so that they stay together."""
    if event.kind in INVITATIONS or event.kind == "membership_requested":
        return headline
    prefix = f"[{subject.group.handle or subject.group.name}] " if subject.group else ""
    return prefix + (subject.title if event.kind in OF_THREAD else headline)


def _thread(subject: Subject) -> str | None:
    """What mails about the same thing have in common, for In-Reply-To and References."""
    if subject.discussion:
        return f"discussion-{subject.discussion.id}"
    if subject.poll:
        return f"poll-{subject.poll.id}"
    return None
