"""Observing plugins: one job per plugin and event, in the worker, after the act was committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.engine import Connection

from llmio.core.jobs import Job
from llmio.core.tables import Event
from llmio.plugins.events import EventValue, PluginContext
from llmio.plugins.guard import noted
from llmio.plugins.migrate import quoted, schema_of

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.plugins.registry import Implementation

HOOK = "llmio_event"


def register(app: App) -> None:
    """Have every event told to each plugin that asks, each in a job of its own: none waits for another."""
    for one in app.plugins.implementing(HOOK):
        app.add_event_job(_job(one))


def context_of(app: App, plugin: str) -> PluginContext:
    """What a plugin may use outside of a request."""
    return PluginContext(
        plugin=plugin,
        settings=MappingProxyType(app.plugins.settings_of(plugin)),
        now=app.ports.clock.now(),
        http=app.ports.http,
        connect=lambda: _connection(app, plugin),
    )


def _job(one: Implementation) -> Job:
    """A job outside any transaction, since the plugin may talk to the network. After an error it is tried again."""

    def tell(app: App, event_id: int) -> None:
        event = _value(app, event_id)
        if event is None:
            return
        with noted(app.plugins, one.plugin, HOOK, now=app.ports.clock.now()):
            one(event=event, ctx=context_of(app, one.plugin))

    return Job(
        f"plugins.{one.plugin}.event",
        tell,
        "low",
        retries=5,
        transaction=False,
        summary=f"Tells plugin {one.plugin} of an event.",
    )


def _value(app: App, event_id: int) -> EventValue | None:
    with app.begin() as ctx:
        row = ctx.db.get(Event, event_id)
        if row is None:
            return None
        return EventValue(
            id=row.id,
            kind=row.kind or "",
            record_type=row.eventable_type or "",
            record_id=row.eventable_id,
            actor_id=row.user_id,
            discussion_id=row.discussion_id,
            created_at=row.created_at,
            custom=MappingProxyType(dict(row.custom_fields or {})),
        )


@contextmanager
def _connection(app: App, plugin: str) -> Iterator[Connection]:
    with app.begin() as ctx:
        connection = ctx.db.connection()
        connection.execute(text(f"SET LOCAL search_path TO {quoted(schema_of(plugin))}, public"))
        yield connection
