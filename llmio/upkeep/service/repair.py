"""The order of a thread made anew from what its items are about: parents, depth, positions, counters, reading marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select, update

from llmio.core.events import POSITION, SEQUENCE
from llmio.core.tables import Event, PartitionSequence
from llmio.discussions import ranges
from llmio.discussions.models import Comment, Discussion, DiscussionReader
from llmio.discussions.service.places import root_of
from llmio.polls.models import Outcome, Stance

if TYPE_CHECKING:
    from llmio.core.context import Context

Key = tuple[str, int]
CREATED = {
    "Comment": "new_comment",
    "Poll": "poll_created",
    "Stance": "stance_created",
    "Outcome": "outcome_created",
}


class Thread:
    """The items of a thread and where each belongs."""

    def __init__(self, ctx: Context, discussion: Discussion) -> None:
        self.root = root_of(ctx, discussion)
        self.root.discussion_id = self.root.sequence_id = None  # it is no item itself
        ctx.db.flush()
        self.max_depth = discussion.max_depth
        query = select(Event).where(Event.discussion_id == discussion.id)
        found = ctx.db.scalars(query.execution_options(populate_existing=True)).all()
        self.items = sorted(found, key=lambda one: (one.sequence_id is None, one.sequence_id or 0, one.id))
        self.created: dict[Key, Event] = {}
        for one in self.items:
            if one.eventable_type and one.kind == CREATED.get(one.eventable_type):
                self.created.setdefault((one.eventable_type, one.eventable_id or 0), one)
        self.above = self._answered(ctx)
        self.places: dict[int, Event] = {}

    def _ids(self, kind: str) -> list[int]:
        return [one.eventable_id for one in self.items if one.eventable_type == kind and one.eventable_id]

    def _answered(self, ctx: Context) -> dict[Key, Key]:
        """Record → the record that it answers or belongs to."""
        above: dict[Key, Key] = {}
        comments = select(Comment.id, Comment.parent_type, Comment.parent_id).where(
            Comment.id.in_(self._ids("Comment"))
        )
        for row in ctx.db.execute(comments):
            above["Comment", row.id] = (row.parent_type, row.parent_id or 0)
        for kind, model in (("Stance", Stance), ("Outcome", Outcome)):
            of_polls = select(model.id, model.poll_id).where(model.id.in_(self._ids(kind)))
            above |= {(kind, record_id): ("Poll", poll_id or 0) for record_id, poll_id in ctx.db.execute(of_polls)}
        return above

    def parent_of(self, item: Event) -> Event:
        """The event that an item hangs from, the limit of depth aside."""
        key = (item.eventable_type or "", item.eventable_id or 0)
        own = self.created.get(key)
        if own is not None and own.id != item.id and item.eventable_type == "Poll":
            return own  # what happened to a poll later hangs from where it was made
        return self.created.get(self.above.get(key, ("", 0)), self.root)

    def place(self, item: Event) -> Event:
        """The event that an item hangs from, no deeper than the thread allows; of a circle one hangs from the root."""
        waiting: list[Event] = []
        above = item
        while above.id != self.root.id and above.id not in self.places:
            self.places[above.id] = self.root
            waiting.append(above)
            above = self.parent_of(above)
        if above in waiting:
            waiting.pop()
        for one in reversed(waiting):
            parent = self.parent_of(one)
            self.places[one.id] = self.places[parent.id] if self.depth(parent) >= self.max_depth else parent
        return self.places[item.id]

    def depth(self, item: Event) -> int:
        """How deep an item hangs; the root at 0."""
        deep = 0
        while item.id != self.root.id:
            item = self.places.get(item.id, self.root)
            deep += 1
        return deep


def repair_thread(ctx: Context, discussion: Discussion) -> bool:
    """Put a thread in order; True where something was not. A second run finds everything in order."""
    ctx.db.execute(select(Discussion.id).where(Discussion.id == discussion.id).with_for_update())
    was_item = root_of(ctx, discussion).discussion_id is not None
    thread = Thread(ctx, discussion)
    wanted = _wanted(thread)
    changes = [
        {"event_id": one.id, **wanted[one.id]}
        for one in (thread.root, *thread.items)
        if any(getattr(one, name) != value for name, value in wanted[one.id].items())
    ]
    if changes:
        _write(ctx, thread, changes)
    for key, owners in ((SEQUENCE, [discussion.id]), (POSITION, [one.id for one in (thread.root, *thread.items)])):
        here = (PartitionSequence.key == key) & PartitionSequence.id.in_(owners)
        ctx.db.execute(delete(PartitionSequence).where(here).execution_options(synchronize_session=False))
    counted = _count(discussion, [row["sequence_id"] for name, row in wanted.items() if name != thread.root.id])
    _trim_readers(ctx, discussion)
    ctx.db.flush()
    return bool(changes) or counted or was_item


def _wanted(thread: Thread) -> dict[int, dict[str, Any]]:
    """Event id → the columns that say where it is."""
    number = max((one.sequence_id or 0 for one in thread.items), default=0)
    wanted: dict[int, dict[str, Any]] = {}
    children: dict[int, list[Event]] = defaultdict(list)
    for one in thread.items:
        children[thread.place(one).id].append(one)
        if one.sequence_id is None:
            number += 1
        wanted[one.id] = {"sequence_id": one.sequence_id or number, "parent_id": thread.place(one).id}
    wanted[thread.root.id] = {}
    _descend(thread.root.id, children, wanted, depth=0, above="")
    wanted[thread.root.id] = {
        "depth": 0,
        "child_count": len(children[thread.root.id]),
        "descendant_count": len(thread.items),
    }
    return wanted


def _descend(
    event_id: int, children: dict[int, list[Event]], wanted: dict[int, dict[str, Any]], *, depth: int, above: str
) -> int:
    below = 0
    for position, child in enumerate(children[event_id], start=1):
        key = f"{above}-{position:05d}" if above else f"{position:05d}"
        deeper = _descend(child.id, children, wanted, depth=depth + 1, above=key)
        wanted[child.id] |= {
            "position": position,
            "position_key": key,
            "depth": depth + 1,
            "child_count": len(children[child.id]),
            "descendant_count": deeper,
        }
        below += 1 + deeper
    return below


def _write(ctx: Context, thread: Thread, changes: Sequence[dict[str, Any]]) -> None:
    """Write what changed; one statement for the root, one prepared statement for all items."""
    events = Event.__table__
    for root in (True, False):
        rows = [row for row in changes if (row["event_id"] == thread.root.id) is root]
        if rows:
            values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name != "event_id"}
            statement = update(events).where(events.c.id == bindparam("event_id")).values(values)  # type: ignore[arg-type]  # a Table
            ctx.db.connection().execute(
                statement,
                [{name if name == "event_id" else f"new_{name}": value for name, value in row.items()} for row in rows],
            )
    for one in (thread.root, *thread.items):
        ctx.db.expire(one)


def _count(discussion: Discussion, ids: Iterable[int]) -> bool:
    """The counters of a thread, from its items; True where they were wrong."""
    held = ranges.of(ids)
    new = {
        "items_count": ranges.length(held),
        "first_sequence_id": held[0][0] if held else 0,
        "last_sequence_id": held[-1][1] if held else 0,
        "ranges_string": ranges.serialize(held),
    }
    wrong = {name: value for name, value in new.items() if (getattr(discussion, name) or "") != (value or "")}
    for name, value in wrong.items():
        setattr(discussion, name, value)
    return bool(wrong)


def _trim_readers(ctx: Context, discussion: Discussion) -> None:
    """Nobody has read what is not there (any more)."""
    there = ranges.parse(discussion.ranges_string)
    rows = select(DiscussionReader).where(
        DiscussionReader.discussion_id == discussion.id, DiscussionReader.read_ranges_string != ""
    )
    for reader in ctx.db.scalars(rows.execution_options(populate_existing=True)):
        read = ranges.serialize(ranges.intersect(ranges.parse(reader.read_ranges_string), there))
        if read != reader.read_ranges_string:
            reader.read_ranges_string = read
