"""What an observing plugin gets: an event as a value, and a context that reaches no further than it should."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from llmio.core.ports import Http

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


@dataclass(frozen=True)
class EventValue:
    """Something that happened: what (`kind`), to what (`record_type`, `record_id`), by whom, where, when.

    Ids and plain values alone, never a row: what a plugin may see of a record it asks for through pages or the API.
    """

    id: int
    kind: str
    record_type: str
    record_id: int | None
    actor_id: int | None = None
    discussion_id: int | None = None
    created_at: datetime | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PluginContext:
    """What a plugin may use beside its arguments: its settings, the time, outgoing requests, its own tables.

    `connect()` opens a connection in a transaction of its own, with the plugin's schema as search path; it commits at
    the end of the `with` block.
    """

    plugin: str
    settings: Mapping[str, Any]
    now: datetime
    http: Http
    connect: Callable[[], AbstractContextManager[Connection]]
