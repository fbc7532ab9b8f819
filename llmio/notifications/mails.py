"""The mail about one event for one person."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from llmio import mail
from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core import richtext
from llmio.core.context import Context
from llmio.core.i18n import _, ngettext
from llmio.core.settings import Settings
from llmio.core.tables import Event
from llmio.core.urls import absolute
from llmio.discussions.models import DiscussionReader
from llmio.mail.incoming import waiting
from llmio.mail.models import ReceivedEmail
from llmio.notifications import mail_parts, meetings, poll_parts, reasons, replies, texts, threading, volumes
from llmio.notifications.audience import INVITATIONS
from llmio.notifications.deliveries import Delivery
from llmio.notifications.service import invitation_path
from llmio.notifications.subjects import Subject
from llmio.plugins import Enclosure, Message, Target
from llmio.polls import outcome_guests
from llmio.polls.models import Outcome, Stance

TEMPLATE = "mail/event.jinja2"
PATHS = re.compile(r'\b(href|src)="(/[^"]*)"')
OF_THREAD = frozenset(
    {"new_discussion", "discussion_edited", "discussion_announced", "new_comment", "user_mentioned", "group_mentioned"}
)
OF_MENTION = frozenset({"user_mentioned", "group_mentioned"})
OF_OUTCOME = frozenset({"outcome_created", "outcome_updated", "outcome_announced"})


def compose(ctx: Context, row: Delivery, event: Event, subject: Subject, user: User) -> tuple[Message, Target]:
    """Message and target of one mail; rendered in the person's language, with the reason why it came."""
    with mail.language_of(user):
        kind = "comment_replied_to" if row.reason == "replied" else event.kind or ""
        actor = ctx.db.get(User, event.user_id) if event.user_id else None
        name = name_of(actor, subject)
        guest = user.id in event.custom_fields.get(outcome_guests.KEY, ())
        place = None if event.kind in INVITATIONS or guest else volumes.place_of(subject)
        values = _values(ctx, event, subject, user, kind=kind, name=name)
        values["why"] = reasons.sentence(row.reason, name)
        made = mail.compose(
            ctx,
            user,
            TEMPLATE,
            _subject_line(subject, event, values["headline_text"]),
            values,
            kind=kind,
            message_id=f"event-{event.id}-{row.notifier}-{user.id}",
            actor_name=name,
            reply_to=None if guest else replies.address(ctx, subject, user),
            unsubscribe_url=absolute(ctx.app.settings, volumes.unsubscribe_path(user, place)),
            attachments=_files(ctx, row, subject, user, kind),
        )
    above = threading.references(ctx, row, event, _thread(subject), made.message_id)
    headers = {**made.headers, "Message-ID": made.message_id}
    if above:
        headers |= {"In-Reply-To": above[-1], "References": " ".join(above)}
    files = tuple(Enclosure(*one) for one in made.attachments)
    message = Message(
        kind,
        made.subject,
        made.text,
        made.html,
        url=values["link"],
        why=values["why"],
        headers=headers,
        attachments=files,
    )
    options = {"sender": made.sender, "reply_to": made.reply_to}
    return message, Target(made.to[1], made.to[0], options)


def _values(ctx: Context, event: Event, subject: Subject, user: User, *, kind: str, name: str) -> dict[str, Any]:
    """What the template shows."""
    settings = ctx.app.settings
    path = invitation_path(ctx, event, subject, user.id) or subject.path
    token = guest_token(ctx, subject, user)
    reader_token = token_of_reader(ctx, subject, user)
    link = absolute(
        settings,
        path,
        utm_medium="email",
        utm_campaign=kind,
        stance_token=token,
        discussion_reader_token=reader_token,
        outcome_token=_outcome_token(ctx, event, user),
    )
    html = readable_elsewhere(subject, settings)
    values: dict[str, Any] = {
        "headline_text": texts.headline(kind, actor=name, title=subject.title),
        "call": texts.call(kind),
        "link": link,
        "message": event.custom_fields.get("recipient_message") or "",
        "body": html,
        "body_text": mail.html_to_text(html),
        "preheader": richtext.excerpt(subject.text, subject.text_format, 140),
        "choices": [],
        "chosen": [],
        "results": None,
        "closing_at": None,
        "notes": [],
        "facts_told": [],
        "files": mail_parts.files_of(settings, subject),
        "pictures": mail_parts.seen_by(ctx, event, user),
    }
    if isinstance(subject.record, ReceivedEmail):
        return values | {"files": []} | _waiting_mail(ctx, subject)
    theirs = Context(ctx.app, ctx.db, ctx.tm, identity_of(user), ctx.now)
    shown = poll_parts.values_of(theirs, subject, user, path, token)
    if kind in OF_MENTION and shown.get("choices"):
        shown["call"] = texts.call("poll_announced")
    return values | shown


def _outcome_token(ctx: Context, event: Event, user: User) -> str | None:
    """What lets in who was sent an outcome from inside."""
    if event.eventable_id is None or user.id not in event.custom_fields.get(outcome_guests.KEY, ()):
        return None
    return outcome_guests.token(ctx, event.eventable_id, user.id)


def _waiting_mail(ctx: Context, subject: Subject) -> dict[str, Any]:
    """A mail of somebody unknown in a few words, as plain text: nobody has looked at it yet."""
    one = waiting.Waiting.of(subject.record)
    count = waiting.count(ctx, subject.group) if subject.group else 1
    return {
        "message": one.excerpt,
        "facts_told": [(_("From"), f"{one.name} <{one.address}>".strip()), (_("Subject"), one.subject)],
        "notes": [
            ngettext("{count} mail waits in the group.", "{count} mails wait in the group.", count),
            _("You hear of further ones after an hour at the earliest; all are on that page."),
        ],
    }


def _files(ctx: Context, row: Delivery, subject: Subject, user: User, kind: str) -> list[tuple[str, str, bytes]]:
    """What goes along: the meeting that an outcome decides on, or that it does not take place after all; noted with the delivery."""
    if kind not in OF_OUTCOME or not isinstance(subject.record, Outcome):
        return []
    poll = subject.record.poll
    _row, known = meetings.held(ctx, poll, user.id).get(user.id, (None, None))
    entry, found = meetings.told(ctx, poll, user, known)
    if entry is None or found is None:
        return []
    meetings.note(ctx, row.id, entry)
    return [found]


def guest_token(ctx: Context, subject: Subject, user: User) -> str | None:
    """What lets a guest of a poll in who has no account yet."""
    if subject.poll is None:
        return None
    query = select(Stance.token).where(
        Stance.poll_id == subject.poll.id,
        Stance.participant_id == user.id,
        Stance.latest.is_(True),
        Stance.guest.is_(True),
        Stance.revoked_at.is_(None),
        Stance.accepted_at.is_(None),
    )
    return ctx.db.scalar(query)


def token_of_reader(ctx: Context, subject: Subject, user: User) -> str | None:
    """What lets a guest of a thread in who has not come yet."""
    if subject.discussion is None:
        return None
    query = select(DiscussionReader.token).where(
        DiscussionReader.discussion_id == subject.discussion.id,
        DiscussionReader.user_id == user.id,
        DiscussionReader.guest.is_(True),
        DiscussionReader.revoked_at.is_(None),
        DiscussionReader.accepted_at.is_(None),
    )
    return ctx.db.scalar(query)


def readable_elsewhere(subject: Subject, settings: Settings) -> str:
    """The text as safe HTML, with paths of this site as addresses: it is read elsewhere."""
    html = mail_parts.with_signs(str(subject.html))
    return PATHS.sub(lambda found: f'{found[1]}="{absolute(settings, found[2])}"', html)


def name_of(actor: User | None, subject: Subject) -> str:
    """Who acted; never the voter of an anonymous poll."""
    if subject.poll is not None and subject.poll.anonymous and type(subject.record).__name__ == "Stance":
        return ""
    return (actor.name or "") if actor else ""


def _subject_line(subject: Subject, event: Event, headline: str) -> str:
    """`[handle] …`, as the reference has it; mails about a thread carry its title, so that they stay together."""
    if event.kind in INVITATIONS or event.kind == "membership_requested":
        return headline
    group = subject.group
    prefix = f"[{group.handle or group.full_name or group.name}] " if group else ""
    return prefix + (subject.title if event.kind in OF_THREAD else headline)


def _thread(subject: Subject) -> str | None:
    """What mails about the same thing have in common, for In-Reply-To and References."""
    if subject.discussion:
        return f"discussion-{subject.discussion.id}"
    if subject.poll:
        return f"poll-{subject.poll.id}"
    return None
