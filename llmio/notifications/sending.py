"""One delivery made ready to send: message, target and notifier; rendered in a short transaction, sent outside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from sqlalchemy import select

from llmio import mail
from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core.context import Context
from llmio.core.measures import measures
from llmio.core.tables import Event
from llmio.mail import suppression
from llmio.mail.models import ReceivedEmail
from llmio.notifications import mails, notices
from llmio.notifications.audience import INVITATIONS
from llmio.notifications.deliveries import Delivery, Status
from llmio.notifications.service import EMAIL
from llmio.notifications.subjects import Subject, may_see, subject_of
from llmio.plugins import Failed, Http, Message, Notifier, Outcome, Outgoing, Retry, Sent, Target
from llmio.plugins.guard import guard

if TYPE_CHECKING:
    from llmio.core.app import App

BROKE = "broke"
"""Key in a delivery's data: parked since its plugin failed, and not since it was absent."""


@dataclass(frozen=True)
class Broke(Retry):
    """The plugin itself failed: tried again like what did not arrive, and parked at the end, until it is mended."""


class Absent(str):
    """Why a message must wait, in words: a plugin that it needs is not there."""

    __slots__ = ()


QUIET = timedelta(hours=1)


@dataclass(frozen=True)
class Ready:
    """All that the notifier gets; nothing of it touches the database."""

    notifier: Notifier
    message: Message
    target: Target

    @property
    def secrets(self) -> list[str]:
        """What no log may show: values of fields that are secret."""
        found = (self.target.options.get(one.name) for one in self.notifier.fields if one.kind == "secret")
        return [str(one) for one in found if one]

    def send(self, app: App, *, http: Http | None = None) -> Outcome:
        """Send it, by another way out where one is given; a notifier that raises is noted and tried again later."""
        settings = app.plugins.settings_of(app.plugins.owner(self.notifier))
        out = Outgoing(http or app.ports.http, mail.Post(app), app.ports.clock, settings)
        again: Outcome = Broke("the plugin failed; see the plugins page")
        outcome = guard(
            app.plugins,
            self.notifier,
            f"notifiers.{self.notifier.key}.send",
            self.notifier.send,
            self.message,
            self.target,
            out,
            fallback=again,
            gives=lambda given: isinstance(given, Outcome),
        )
        if isinstance(outcome, Sent):
            return replace(outcome, answer=hidden(outcome.answer, self.secrets))
        return replace(outcome, reason=hidden(outcome.reason, self.secrets))


def hidden(text: str, secrets: Sequence[str]) -> str:
    """A text in which no secret stands, neither as it is nor as a part of an address."""
    for secret in secrets:
        for way in (secret, quote(secret, safe=""), quote_plus(secret)):
            text = text.replace(way, "…")
    return text


def prepare(ctx: Context, delivery_id: int) -> Ready | None:
    """Make a waiting delivery ready; None where there is nothing (more) to send, with the reason written down."""
    row = ctx.db.get(Delivery, delivery_id)
    if row is None or row.status != Status.PENDING:
        return None
    notifier = ctx.app.plugins.notifiers.get(row.notifier)
    if notifier is None:
        row.status, row.answer = Status.PARKED, f"no notifier named {row.notifier}: is its plugin installed and on?"
        return None
    event = ctx.db.get(Event, row.event_id)
    subject = subject_of(ctx, event) if event else None
    if event is None or subject is None or subject.gone:
        row.status, row.answer = Status.SUPPRESSED, "what it is about was removed"
        return None
    made = _composers(ctx).get(row.recipient_type, _nobody)(ctx, row, event, subject)
    if isinstance(made, Absent):
        row.status, row.answer = Status.PARKED, str(made)
        return None
    if isinstance(made, str):
        row.status, row.answer = Status.SUPPRESSED, made
        return None
    return Ready(notifier, *made)


def count(notifier: str, outcome: Outcome) -> None:
    """Count a try for /metrics."""
    words = "sent" if isinstance(outcome, Sent) else "retry" if isinstance(outcome, Retry) else "failed"
    measures.count("llmio_deliveries", notifier, words)


def give_up(row: Delivery, outcome: Failed | Retry) -> None:
    """No further try: what a plugin failed at waits until it is mended, all else is dead."""
    row.status, row.answer = Status.DEAD, outcome.reason
    if isinstance(outcome, Broke):
        row.status, row.data = Status.PARKED, {**(row.data or {}), BROKE: True}


def _composers(ctx: Context) -> dict[str, Any]:
    """Recipient type → function that makes (message, target), or says why nothing must be sent."""
    return {"User": _to_person, **ctx.app.extras.get("composers", {})}


def _nobody(ctx: Context, row: Delivery, event: Event, subject: Subject) -> str:
    return f"nobody knows how to reach a {row.recipient_type}"


def _to_person(ctx: Context, row: Delivery, event: Event, subject: Subject) -> tuple[Message, Target] | str:
    user = ctx.db.get(User, row.recipient_id)
    if user is None or not user.email or user.deactivated_at is not None:
        return "the account is closed"
    by_mail = row.notifier == EMAIL
    why = suppression.why_not(ctx.db, user.email, event.kind or "") if by_mail else None
    if why:
        return why
    if not _may_see(ctx, user, event, subject):
        return "the person may no longer see it"
    if isinstance(subject.record, ReceivedEmail) and _told_lately(ctx, row, subject.record):
        return "told of waiting mail less than an hour ago"
    return mails.compose(ctx, row, event, subject, user) if by_mail else notices.compose(ctx, row, event, subject, user)


def _may_see(ctx: Context, user: User, event: Event, subject: Subject) -> bool:
    """Rights may have changed since the event: what left the site cannot be taken back."""
    return event.kind in INVITATIONS or may_see(Context(ctx.app, ctx.db, ctx.tm, identity_of(user)), subject)


def _told_lately(ctx: Context, row: Delivery, received: ReceivedEmail) -> bool:
    """Whether this person was mailed about waiting mail of the group within the hour: strangers must not set the pace."""
    query = (
        select(Delivery.id)
        .join(Event, Event.id == Delivery.event_id)
        .join(ReceivedEmail, ReceivedEmail.id == Event.eventable_id)
        .where(
            Delivery.recipient_type == "User",
            Delivery.recipient_id == row.recipient_id,
            Delivery.notifier == row.notifier,
            Delivery.delivered_at > ctx.now - QUIET,
            Event.eventable_type == "ReceivedEmail",
            ReceivedEmail.group_id == received.group_id,
        )
    )
    return ctx.db.scalar(query.limit(1)) is not None
