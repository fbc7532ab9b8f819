"""What was sent to one integration, each try with request and answer; and sending it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core.errors import Conflict, NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.integrations.models import Chatbot
from llmio.notifications.deliveries import Attempt, Delivery, Status
from llmio.notifications.jobs import deliver_to_channel

if TYPE_CHECKING:
    from llmio.core.context import Context

PAGE = 20


@dataclass(frozen=True)
class Entry:
    """A message with the kind of its event and the tries made so far."""

    delivery: Delivery
    kind: str
    attempts: Sequence[Attempt]

    @property
    def may_again(self) -> bool:
        """Whether it can be sent again: not while it is on its way."""
        return self.delivery.status != Status.PENDING


@dataclass(frozen=True)
class Log:
    """Some messages, newest first; `older` is where the next page begins."""

    entries: Sequence[Entry]
    older: int | None = None


def log_of(ctx: Context, chatbot: Chatbot, *, before: int | None = None) -> Log:
    """The log of an integration, in three queries."""
    ctx.require(Permission.GROUP_INTEGRATIONS, chatbot.group)
    query = select(Delivery).where(Delivery.recipient_type == "Chatbot", Delivery.recipient_id == chatbot.id)
    if before is not None:
        query = query.where(Delivery.id < before)
    found = list(ctx.db.scalars(query.order_by(Delivery.id.desc()).limit(PAGE + 1)))
    rows = found[:PAGE]
    of_rows = select(Event.id, Event.kind).where(Event.id.in_([row.event_id for row in rows]))
    kinds = {row.id: row.kind for row in ctx.db.execute(of_rows)}
    tries: dict[int, list[Attempt]] = {row.id: [] for row in rows}
    of_these = select(Attempt).where(Attempt.delivery_id.in_(list(tries))).order_by(Attempt.id)
    for attempt in ctx.db.scalars(of_these):
        tries[attempt.delivery_id].append(attempt)
    entries = [Entry(row, kinds.get(row.event_id) or "", tries[row.id]) for row in rows]
    return Log(entries, rows[-1].id if len(found) > PAGE else None)


def send_again(ctx: Context, chatbot: Chatbot, delivery_id: int) -> Delivery:
    """Have a message sent once more, with all its tries; what had arrived gets a new id, so that it is not taken for the
    old one.
    """
    ctx.require(Permission.GROUP_INTEGRATIONS, chatbot.group)
    row = ctx.db.scalars(
        select(Delivery)
        .where(Delivery.id == delivery_id, Delivery.recipient_type == "Chatbot", Delivery.recipient_id == chatbot.id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such message."))
    if row.status == Status.PENDING:
        raise Conflict(_("This message is on its way already."))
    if row.status == Status.DELIVERED:
        row.data = {**row.data, "again": int(row.data.get("again", 0)) + 1}
    row.status, row.attempts, row.delivered_at = Status.PENDING, 0, None
    ctx.enqueue(deliver_to_channel, row.id, 0)
    return row
