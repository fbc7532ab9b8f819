"""Jobs of integrations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from llmio.core.jobs import job
from llmio.core.tables import Event
from llmio.integrations import service, testing

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context
    from llmio.notifications.sending import Ready

BUSY = timedelta(seconds=2)


@job("integrations.publish_event", queue="default")
def publish_event(ctx: Context, event_id: int) -> None:
    """Find the channels that want an event, and queue a message for each."""
    event = ctx.db.get(Event, event_id)
    if event is not None:
        service.publish_event(ctx, event)


@job("integrations.test", queue="high", transaction=False)
def test(app: App, chatbot_id: int) -> None:
    """Greet a channel, since an admin wants to see whether it answers; somebody waits."""
    lane = f"test:{chatbot_id}"
    with app.begin() as ctx:
        if not ctx.ports.background.room(lane, ailing=True):
            ctx.enqueue(test, chatbot_id, delay=BUSY)
            return
        ready = testing.prepare(ctx, chatbot_id)
    if ready is not None:
        app.ports.background.run(lane, lambda: _greet(app, chatbot_id, ready), ailing=True)


def _greet(app: App, chatbot_id: int, ready: Ready) -> None:
    outcome = ready.send(app)
    with app.begin() as ctx:
        testing.record(ctx, chatbot_id, outcome)


@job("integrations.forget", queue="low")
def forget(ctx: Context) -> None:
    """Remove what was noted of integrations that are gone."""
    service.forget(ctx)
