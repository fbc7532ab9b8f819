"""What features give each other without importing upward: timeline items, page panels, switches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.permissions import Permission


@dataclass(frozen=True)
class TimelineItem:
    """How items of one record type are shown in a thread.

    `load(ctx, ids)` returns id → record for the ids the actor may see, with everything its template needs, in a number
    of queries that does not grow with the ids. The template is included with `event`, `item` (the record) and `ctx`.
    """

    record_type: str
    template: str
    load: Callable[[Context, Sequence[int]], Mapping[int, Any]]
    serialize: Callable[[Context, Sequence[int]], Mapping[str, Sequence[Mapping[str, Any]]]] | None = None
    """ids → side-loaded roots for `/records` (None: the item is not published live)."""


@dataclass(frozen=True)
class TaskPlace:
    """Texts of one record type in which tasks stand: lines with a box that people are to do.

    `field` is the column of the text; that of its format is called the same with `_format`. `load(ctx, ids)` returns
    id → (title, path) of the records that the actor may see. `kept(ctx, record)` says whether a record is still there for the actor to
    read, where `show` alone does not.
    """

    model: type[Any]
    field: str
    show: Permission
    update: Permission
    load: Callable[[Context, Sequence[int]], Mapping[int, tuple[str, str]]]
    kept: Callable[[Context, Any], bool]


@dataclass(frozen=True)
class Panel:
    """A section that one feature gives to another's page (`dashboard`, `group`, `thread.aside`, `profile`).

    `load(ctx, subject)` returns the template's values, or None when there is nothing to show.
    """

    page: str
    key: str
    order: int
    template: str
    load: Callable[[Context, Any], Mapping[str, Any] | None]


@dataclass
class Panels:
    """Panels by page, in order."""

    panels: list[Panel] = field(default_factory=list)

    def add(self, panel: Panel) -> None:
        """Add a section."""
        self.panels.append(panel)
        self.panels.sort(key=lambda one: (one.page, one.order, one.key))

    def load(self, page: str, ctx: Context, subject: Any = None) -> list[tuple[Panel, Mapping[str, Any]]]:
        """The sections of a page that have something to show."""
        loaded = [(panel, panel.load(ctx, subject)) for panel in self.panels if panel.page == page]
        return [(panel, values) for panel, values in loaded if values is not None]
