"""Events: what happened, as rows of the reference's `events` table; a thread is a tree of them.

An event row, its place in the thread and the jobs it causes are written in the transaction of the act.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from llmio.core.tables import Event, PartitionSequence

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from llmio.core.context import Context

SEQUENCE = "discussions_sequence_id"
POSITION = "events_position"


class Channel(StrEnum):
    """Ways an event reaches people."""

    LIVE = "live"
    IN_APP = "in_app"
    EMAIL = "email"
    AUTHOR = "author"
    MENTIONS = "mentions"
    WEBHOOKS = "webhooks"
    SUBSCRIBERS = "subscribers"


@dataclass(frozen=True)
class EventKind:
    """A kind of event: its name in the `events` table, what it is about, and how it is told.

    `record_type` is the type of the record the event is about (`Comment`, `Poll`, …), as `events.eventable_type` has
    it; empty where events of the kind may be about records of several types. `root` marks the event that a thread
    hangs from.
    """

    name: str
    record_type: str
    channels: frozenset[Channel] = frozenset()
    root: bool = False
    summary: str = ""

    def __str__(self) -> str:
        return self.name


def kind(name: str, record_type: str, *channels: Channel, root: bool = False, summary: str) -> EventKind:
    """Declare an event kind."""
    return EventKind(name, record_type, frozenset(channels), root, summary)


@dataclass(frozen=True)
class Audience:
    """Whom the actor chose to tell: user ids, chatbot ids, a message of theirs, the name of the audience."""

    user_ids: Sequence[int] = ()
    chatbot_ids: Sequence[int] = ()
    message: str | None = None
    name: str | None = None

    def as_custom_fields(self) -> dict[str, Any]:
        """The keys of `events.custom_fields` that the reference uses; empty ones are left out."""
        values = {
            "recipient_user_ids": list(self.user_ids),
            "recipient_chatbot_ids": list(self.chatbot_ids),
            "recipient_message": self.message,
            "recipient_audience": self.name,
        }
        return {key: value for key, value in values.items() if value}


@dataclass(frozen=True)
class Place:
    """Where in a thread an event goes: discussion, parent event, how deep items may nest."""

    discussion_id: int
    parent: Event | None
    max_depth: int = 3
    pinned: bool = False


Listener = Callable[["Context", Event], None]
"""Called in the transaction of the act, after the row is written (thread counters, reading marks)."""


@dataclass
class Listeners:
    """In-transaction listeners; they may refuse the act by raising."""

    listeners: list[Listener] = field(default_factory=list)

    def add(self, listener: Listener) -> None:
        """Add one."""
        self.listeners.append(listener)


def publish(
    ctx: Context,
    kind: EventKind,
    subject: Any,
    *,
    user_id: int | None = None,
    place: Place | None = None,
    parent: Event | None = None,
    audience: Audience | None = None,
    custom: dict[str, Any] | None = None,
    nobody: bool = False,
) -> Event:
    """Write the event of an act and the jobs it causes; returns the row, with its id.

    `user_id` is who did it (default: the actor; with `nobody` it is kept from all, as for anonymous votes). With a `place` it becomes an item of that thread, with the next
    sequence id and position; without, it only carries notice (`parent` may still tie it to another event).
    """
    if kind.name not in ctx.app.kinds:
        raise KeyError(f"event kind {kind.name} is not registered")
    if subject.id is None:
        ctx.db.flush()
    event = Event(
        kind=kind.name,
        eventable_type=kind.record_type or type(subject).__name__,
        eventable_id=subject.id,
        user_id=None if nobody else user_id if user_id is not None else ctx.actor_id,
        custom_fields={**(audience.as_custom_fields() if audience else {}), **(custom or {})},
        created_at=ctx.now,
        updated_at=ctx.now,
        parent_id=parent.id if parent else None,
        depth=0,
        position=0,
    )
    if place:
        put(ctx.db, event, place)
    ctx.db.add(event)
    ctx.db.flush()
    for listener in ctx.app.listeners.listeners:
        listener(ctx, event)
    for job in ctx.app.event_jobs:
        ctx.enqueue(job, event.id)
    return event


def put(db: Session, event: Event, place: Place) -> None:
    """Give an event its place: sequence id in the thread, position among its siblings, key, depth, counts above."""
    parent = place.parent
    if parent is not None and parent.depth >= place.max_depth and parent.parent_id:
        parent = db.get_one(Event, parent.parent_id)
    event.discussion_id = place.discussion_id
    event.sequence_id = _next(db, SEQUENCE, place.discussion_id, Event.discussion_id, Event.sequence_id)
    event.pinned = place.pinned
    if parent is None:
        return
    event.parent_id = parent.id
    event.depth = parent.depth + 1
    event.position = _next(db, POSITION, parent.id, Event.parent_id, Event.position)
    own = f"{event.position:05d}"
    event.position_key = f"{parent.position_key}-{own}" if parent.depth and parent.position_key else own
    _count(db, parent)


def _count(db: Session, parent: Event) -> None:
    db.execute(
        update(Event)
        .where(Event.id == parent.id)
        .values(child_count=Event.child_count + 1)
        .execution_options(synchronize_session=False)
    )
    above = text(
        "WITH RECURSIVE up AS (SELECT id, parent_id, depth FROM events WHERE id = :id UNION ALL "
        "SELECT e.id, e.parent_id, e.depth FROM events e JOIN up ON e.id = up.parent_id) "
        "UPDATE events SET descendant_count = descendant_count + 1 WHERE id IN (SELECT id FROM up)"
    )
    db.execute(above, {"id": parent.id})


def take_out(db: Session, event: Event) -> None:
    """Take an item out of its thread: what counts it above counts it no more. Deleting the row is the caller's."""
    if event.parent_id is None:
        return
    db.execute(
        update(Event)
        .where(Event.id == event.parent_id)
        .values(child_count=func.greatest(Event.child_count - 1, 0))
        .execution_options(synchronize_session=False)
    )
    above = text(
        "WITH RECURSIVE up AS (SELECT id, parent_id FROM events WHERE id = :id UNION ALL "
        "SELECT e.id, e.parent_id FROM events e JOIN up ON e.id = up.parent_id) "
        "UPDATE events SET descendant_count = greatest(descendant_count - 1, 0) WHERE id IN (SELECT id FROM up)"
    )
    db.execute(above, {"id": event.parent_id})


def _next(db: Session, key: str, owner_id: int, owner: Any, column: Any) -> int:
    """The next number of a counter; seeded from what is there, as the reference does."""
    same = (PartitionSequence.key == key) & (PartitionSequence.id == owner_id)
    step = update(PartitionSequence).where(same).values(counter=PartitionSequence.counter + 1)
    found = db.scalar(step.returning(PartitionSequence.counter).execution_options(synchronize_session=False))
    if found is not None:
        return int(found)
    seed = int(db.scalar(select(func.coalesce(func.max(column), 0)).where(owner == owner_id)) or 0)
    first = upsert(PartitionSequence).values(key=key, id=owner_id, counter=seed + 1)
    first = first.on_conflict_do_update(index_elements=["key", "id"], set_={"counter": PartitionSequence.counter + 1})
    return int(db.scalar(first.returning(PartitionSequence.counter)) or 1)
