"""Tasks and where they stand: those of a person, the record of one, and their boxes in a text that is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from sqlalchemy import select

from llmio.core import i18n
from llmio.core.features import TaskPlace
from llmio.tasks.lines import CHECKED, IS_TASK, ITEM, UID, places_numbered
from llmio.tasks.models import Task, TasksUser

if TYPE_CHECKING:
    from llmio.core.context import Context

MOST = 300
BOX = Markup(
    '<button class="task-box task-box-{id}" type="submit" form="tick" formaction="/tasks/{id}/tick" name="done" value="{value}"'
    ' role="checkbox" aria-checked="{checked}" aria-label="{name}"{closed}></button>'
)
"""A box to click, for those who may; its form stands once in the page, for all of them."""
NONE = (None, False)
DAY = Markup('<span class="task-due">{}</span>')
"""When it is due; in Markdown the text says so itself."""


@dataclass(frozen=True)
class TaskRow:
    """A task in a list, with the title and the path of what it stands in."""

    id: int
    name: str
    done: bool
    due_on: date | None
    title: str
    path: str


def of_actor(ctx: Context, *, done: bool) -> list[TaskRow]:
    """What is given to the actor, as far as they see where it stands: open ones by the day they are due, done ones the latest first."""
    order = (Task.done_at.desc().nulls_last(),) if done else (Task.due_on.asc().nulls_last(),)
    query = (
        select(Task)
        .join(TasksUser, TasksUser.task_id == Task.id)
        .where(
            TasksUser.user_id == ctx.actor_id,
            Task.record_type.in_(ctx.app.task_places),
            Task.discarded_at.is_(None),
            Task.done.is_(done),
        )
        .order_by(*order, Task.id)
        .limit(MOST)
    )
    found = list(ctx.db.scalars(query))
    shown = {
        kind: place.load(ctx, sorted({task.record_id for task in found if task.record_type == kind and task.record_id}))
        for kind, place in ctx.app.task_places.items()
    }
    return [
        TaskRow(task.id, task.name, task.done, task.due_on, *there)
        for task in found
        if (there := shown[task.record_type or ""].get(task.record_id or 0))
    ]


def by_id(ctx: Context, task_id: int) -> Task | None:
    """A task that was not dropped."""
    found = ctx.db.get(Task, task_id)
    return None if found is None or found.discarded_at is not None else found


def place_of(ctx: Context, task: Task) -> TaskPlace | None:
    """The kind of text that a task stands in."""
    return ctx.app.task_places.get(task.record_type or "")


def record_of(ctx: Context, task: Task) -> Any:
    """What a task stands in; None where it is gone."""
    place = place_of(ctx, task)
    found = ctx.db.get(place.model, task.record_id) if place and task.record_id else None
    return found if place and found is not None and place.kept(ctx, found) else None


def path_of(ctx: Context, task: Task) -> str:
    """Where a task is read."""
    place = place_of(ctx, task)
    found = place.load(ctx, [task.record_id]) if place and task.record_id else {}
    return found.get(task.record_id or 0, ("", "/tasks"))[1]


def is_given(ctx: Context, task: Task) -> bool:
    """Whether a task is given to the actor."""
    query = select(TasksUser.id).where(TasksUser.task_id == task.id, TasksUser.user_id == ctx.actor_id)
    return ctx.db.scalar(query.limit(1)) is not None


# -- boxes ---------------------------------------------------------------------------------------------------------------


def marked(
    ctx: Context,
    record_type: str,
    ids: Collection[int],
    may_change: Callable[[int], bool],
    *,
    since: datetime | None = None,
) -> list[tuple[Task, bool]]:
    """The tasks of records (with `since`, those changed after it), and whether the actor may tick each.

    `may_change` says of the id of a record whether the actor may change its text.
    """
    here = select(Task).where(Task.record_type == record_type, Task.record_id.in_(ids), Task.discarded_at.is_(None))
    rows = list(ctx.db.scalars(here if since is None else here.where(Task.updated_at > since))) if ids else []
    if not rows or ctx.actor is None:
        return [(row, False) for row in rows]
    given = select(TasksUser.task_id).where(
        TasksUser.task_id.in_([row.id for row in rows]), TasksUser.user_id == ctx.actor.id
    )
    mine = set(ctx.db.scalars(given))
    every = {record_id: may_change(record_id) for record_id in {row.record_id for row in rows if row.record_id}}
    return [
        (row, row.id in mine or row.author_id == ctx.actor.id or every.get(row.record_id or 0, False)) for row in rows
    ]


def with_boxes(
    ctx: Context, record_type: str, texts: Mapping[int, Markup], may_change: Callable[[int], bool]
) -> dict[int, Markup]:
    """Texts as they are shown, by the id of their record: each box as its row says. No query where no text has a task."""
    wanted = [record_id for record_id, html in texts.items() if IS_TASK in html]
    drawn = dict(texts)
    rows = marked(ctx, record_type, wanted, may_change)
    for record_id in wanted:
        drawn[record_id] = _drawn(
            texts[record_id], {row.uid: (row, may) for row, may in rows if row.record_id == record_id}
        )
    return drawn


def box(task: Task, *, may: bool) -> Markup:
    """The box of a task, for a page that has the form of boxes."""
    checked = "true" if task.done else "false"
    closed = "" if may else Markup(" disabled")
    return BOX.format(id=task.id, value="" if task.done else "1", checked=checked, name=task.name, closed=closed)


def _drawn(html: Markup, rows: Mapping[int, tuple[Task, bool]]) -> Markup:
    by_number = "data-uid=" in html
    text = str(html) if by_number else places_numbered(str(html))

    def one(match: re.Match[str]) -> str:
        attributes = match.group(1)
        found = UID.search(attributes) if IS_TASK in attributes else None
        row, may = rows.get(int(found.group(1)), NONE) if found and found.group(1).isdecimal() else NONE
        if row is None:
            return match.group(0)
        day = DAY.format(i18n.day_text(row.due_on)) if by_number and row.due_on else ""
        checked = "true" if row.done else "false"
        return f'<li{CHECKED.sub("", attributes)} data-checked="{checked}">{box(row, may=may)}{day}'

    return Markup(ITEM.sub(one, text))  # noqa: S704  # safe before, and what is added is escaped
