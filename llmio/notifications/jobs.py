"""Jobs of notice: fan an event out, hand one message to its notifier."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core.jobs import job
from llmio.core.tables import Event
from llmio.notifications import service
from llmio.notifications.deliveries import MAX_ATTEMPTS, Delivery, Status
from llmio.notifications.sending import prepare
from llmio.plugins import Failed, Outcome, Retry, Sent

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context


@job("notifications.publish_event", queue="high")
def publish_event(ctx: Context, event_id: int) -> None:
    """Find out who hears of an event, ring their bells and queue their mails."""
    event = ctx.db.get(Event, event_id)
    if event is not None:
        service.publish_event(ctx, event, deliver)


@job("notifications.deliver", queue="mailers", transaction=False)
def deliver(app: App, delivery_id: int) -> None:
    """Hand one message to its notifier, outside any transaction, and write down what came of it."""
    with app.begin() as ctx:
        ready = prepare(ctx, delivery_id)
    if ready is None:
        return
    outcome = ready.send(app)
    with app.begin() as ctx:
        record(ctx, delivery_id, outcome)


def record(ctx: Context, delivery_id: int, outcome: Outcome) -> Delivery | None:
    """Write the outcome down: delivered, tried again later, or dead."""
    row = ctx.db.scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).one_or_none()
    if row is None:
        return None
    row.attempts += 1
    row.attempted_at = ctx.now
    if isinstance(outcome, Sent):
        row.status, row.answer, row.delivered_at = Status.DELIVERED, outcome.answer, ctx.now
    elif isinstance(outcome, Failed) or row.attempts >= MAX_ATTEMPTS:
        row.status, row.answer = Status.DEAD, outcome.reason
    elif isinstance(outcome, Retry):
        row.answer = outcome.reason
        wait = outcome.after if outcome.after is not None else min(10.0 * 3.0 ** (row.attempts - 1), 6 * 3600.0)
        ctx.enqueue(
            deliver if row.notifier == service.EMAIL else deliver_to_channel, row.id, delay=timedelta(seconds=wait)
        )
    return row


@job("notifications.deliver_to_channel", queue="default", transaction=False)
def deliver_to_channel(app: App, delivery_id: int) -> None:
    """Hand one message to a channel (chat, webhook)."""
    deliver.run(app, delivery_id)
