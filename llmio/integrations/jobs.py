"""Jobs of integrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core.jobs import job
from llmio.core.tables import Event
from llmio.integrations import service

if TYPE_CHECKING:
    from llmio.core.context import Context


@job("integrations.publish_event", queue="default")
def publish_event(ctx: Context, event_id: int) -> None:
    """Find the channels that want an event, and queue a message for each."""
    event = ctx.db.get(Event, event_id)
    if event is not None:
        service.publish_event(ctx, event)
