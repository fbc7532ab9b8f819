"""The message about one event for a channel: what a person who is not signed in may see of it, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.accounts.models import User
from llmio.core import richtext
from llmio.core.i18n import _
from llmio.core.tables import Event
from llmio.core.urls import absolute
from llmio.files import pictures
from llmio.integrations.models import Chatbot
from llmio.integrations.service import target_of
from llmio.notifications import reasons, texts
from llmio.notifications.deliveries import Delivery
from llmio.notifications.mails import options_of
from llmio.notifications.subjects import Subject
from llmio.plugins import Message, Target
from llmio.polls.models import Outcome, Poll, Stance

if TYPE_CHECKING:
    from llmio.core.context import Context

BAR = 10


def compose(ctx: Context, row: Delivery, event: Event, subject: Subject) -> tuple[Message, Target] | str:
    """Message and target, or why nothing must be sent."""
    chatbot = ctx.db.get(Chatbot, row.recipient_id)
    if chatbot is None:
        return "the integration was removed"
    actor = ctx.db.get(User, event.user_id) if event.user_id else None
    secret = _is_secret(subject)
    name = "" if secret or actor is None else actor.name or ""
    headline = texts.headline(event.kind or "", actor=name, title=subject.title)
    url = absolute(ctx.app.settings, subject.path, utm_medium="webhook", utm_campaign=event.kind)
    parts = [f"**{headline}**", f"[{_escape(subject.title)}]({url})"]
    message = event.custom_fields.get("recipient_message")
    if message:
        parts.append(f"> {message}")
    if not chatbot.notification_only:
        parts += _body(ctx, subject, secret=secret)
    text = "\n\n".join(part for part in parts if part)
    made = Message(
        event.kind or "",
        headline,
        richtext.plain(text, "md"),
        markdown=text,
        url=url,
        why=reasons.sentence(row.reason, name),
        data={
            "site_name": ctx.app.settings.text("site.name"),
            "icon_url": icon_url(ctx, subject),
            "title": subject.title,
            "group": subject.group.name if subject.group else "",
        },
    )
    return made, target_of(ctx, chatbot)


def icon_url(ctx: Context, subject: Subject) -> str:
    """The address of the logo of the group that an event belongs to; empty where it has none."""
    path = pictures.of_group(ctx, subject.group).logo if subject.group else ""
    return absolute(ctx.app.settings, path) if path else ""


def _escape(text: str) -> str:
    return text.replace("[", "\\[").replace("]", "\\]")


def _is_secret(subject: Subject) -> bool:
    """A vote that must not be told of: anonymous, or hidden while the poll is open."""
    poll = subject.poll
    if poll is None or not isinstance(subject.record, Stance):
        return False
    return poll.anonymous or (poll.hide_results != 0 and poll.closed_at is None)


def _body(ctx: Context, subject: Subject, *, secret: bool) -> list[str]:
    text = "" if secret else richtext.plain(subject.text, subject.text_format)
    parts = [text[:3000]]
    if isinstance(subject.record, (Poll, Outcome)) and subject.poll is not None:
        parts += _poll(ctx, subject.poll)
    return parts


def _poll(ctx: Context, poll: Poll) -> list[str]:
    """How to vote and by when; the results as far as anyone may see them."""
    parts = []
    if poll.closed_at is None and poll.closing_at is not None:
        moment = poll.closing_at.strftime("%Y-%m-%d %H:%M UTC")
        parts.append(str(_("Vote until {moment}.", moment=moment)))
    if poll.anonymous:
        parts.append(str(_("Votes are anonymous.")))
    if poll.closed_at is None and poll.hide_results != 0:
        parts.append(str(_("Results are hidden until the poll closes.")))
        return parts
    parts.append(_table(ctx, poll))
    decided = poll.voters_count - poll.undecided_voters_count
    if poll.voters_count:
        parts.append(str(_("{decided} of {all} have voted.", decided=decided, all=poll.voters_count)))
    return parts


def _table(ctx: Context, poll: Poll) -> str:
    """The options with bars, monospaced."""
    options: Any = ctx.db.scalars(options_of(poll.id)).all()
    most = max((option.total_score for option in options), default=0)
    if not most:
        return ""
    width = min(max(len(option.name) for option in options), 30)
    lines = []
    for option in options:
        filled = round(BAR * option.total_score / most) if most else 0
        lines.append(f"{option.name[:width]:<{width}}  {'█' * filled}{'░' * (BAR - filled)}  {option.total_score}")
    return "```\n" + "\n".join(lines) + "\n```"
