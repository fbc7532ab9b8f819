"""A thread with its events in order, as the reference numbers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from llmio.testing.loomio.rows import Rows


@dataclass(eq=False)
class Place:
    """An item and where it hangs; `id` is that of the record."""

    id: int
    event_id: int
    depth: int
    key: str
    above: Place | None = None
    children: int = 0
    descendants: int = 0


class Thread:
    """Adds items; parents, depths and positions follow the rules of the reference."""

    _made: ClassVar[WeakKeyDictionary[Rows, list[Thread]]] = WeakKeyDictionary()

    def __init__(self, rows: Rows, discussion: int, author: int, max_depth: int) -> None:
        self.rows, self.id, self.max_depth = rows, discussion, max_depth
        event = rows.add(
            "events", kind="new_discussion", eventable_type="Discussion", eventable_id=discussion, user_id=author
        )
        self.root = Place(discussion, event, 0, "")
        self.places: dict[tuple[str, int], Place] = {}
        self.sequence = 0
        self.first_comment = 0
        self._made.setdefault(rows, []).append(self)

    @classmethod
    def start(cls, rows: Rows, author: int, *, max_depth: int = 2, **values: Any) -> Thread:
        """A discussion with its root event."""
        made = rows.add("discussions", author_id=author, max_depth=max_depth, last_activity_at=rows.tick(), **values)
        return cls(rows, made, author, max_depth)

    @classmethod
    def made_by(cls, rows: Rows) -> list[Thread]:
        """All threads made with these rows."""
        return cls._made.get(rows, [])

    def comment(self, author: int, body: str, *, parent: Place | None = None, **values: Any) -> Place:
        """A comment, perhaps one that answers another."""
        made = self.rows.add(
            "comments", discussion_id=self.id, user_id=author, body=body,
            parent_type="Comment" if parent else "Discussion", parent_id=parent.id if parent else self.id, **values,
        )  # fmt: skip
        self.first_comment = self.first_comment or made
        return self._item("new_comment", "Comment", made, author, parent or self.root)

    def event(
        self,
        kind: str,
        record: str,
        record_id: int,
        author: int,
        *,
        under: tuple[str, int] | None = None,
        **values: Any,
    ) -> Place:
        """Another item."""
        return self._item(kind, record, record_id, author, self.places[under] if under else self.root, **values)

    def _item(self, kind: str, record: str, record_id: int, author: int, parent: Place, **values: Any) -> Place:
        if parent.depth >= self.max_depth and parent.above is not None:
            parent = parent.above
        parent.children += 1
        self.sequence += 1
        key = f"{parent.key}-{parent.children:05d}".lstrip("-")
        event = self.rows.add(
            "events", kind=kind, eventable_type=record, eventable_id=record_id, user_id=author, discussion_id=self.id,
            sequence_id=self.sequence, parent_id=parent.event_id, position=parent.children, position_key=key,
            depth=parent.depth + 1, **values,
        )  # fmt: skip
        place = Place(record_id, event, parent.depth + 1, key, parent)
        self.places.setdefault((record, record_id), place)
        above: Place | None = parent
        while above is not None:
            above.descendants += 1
            above = above.above
        return place

    def count(self) -> None:
        """Write the counters down."""
        execute = self.rows.connection.execute
        for place in (self.root, *self.places.values()):
            counted = (place.children, place.descendants, place.event_id)
            execute("UPDATE public.events SET child_count = %s, descendant_count = %s WHERE id = %s", counted)
        spelled = f"1-{self.sequence}" if self.sequence else ""
        held = (self.sequence, self.sequence, min(1, self.sequence), spelled, self.id)
        execute(
            "UPDATE public.discussions SET items_count = %s, last_sequence_id = %s, first_sequence_id = %s,"
            " ranges_string = %s WHERE id = %s",
            held,
        )
