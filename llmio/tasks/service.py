"""Tasks: lines of a text with a box, kept as rows so that people can be reminded of them.

The rows follow the text: each save adds, changes and drops them. A line is known again by its number; where it has none that is known
(Markdown, text that was written anew), by its words, then by words that are much like them, then by its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, update

from llmio.accounts import zones
from llmio.accounts.models import User
from llmio.core.permissions import Permission
from llmio.tasks import lines as boxes
from llmio.tasks.lines import Line
from llmio.tasks.models import Task, TasksUser
from llmio.tasks.queries import place_of, record_of

if TYPE_CHECKING:
    from llmio.core.context import Context

MORNING = time(6)
ALIKE = 0.6
MOST_COMPARED = 2000
"""Pairs of words that are compared at most: beyond, a text was written anew."""
Pairs = list[tuple[Line, Task | None]]


def keep(ctx: Context, record: Any, author_id: int | None, *, opened: datetime | None = None) -> None:
    """Make the rows of a record those of its text. A row whose line is gone is dropped, and is there again with its line.

    A box that somebody ticked after `opened` stays as they left it: whoever wrote the text could not know.
    """
    kind, field = type(record).__name__, ctx.app.task_places[type(record).__name__].field
    text, format = getattr(record, field) or "", getattr(record, f"{field}_format")
    lines = boxes.lines_of(text, format)
    here = select(Task).where(Task.record_type == kind, Task.record_id == record.id).order_by(Task.id)
    pairs, gone = _paired(lines, list(ctx.db.scalars(here)), by_number=format == "html")
    for task in gone:
        task.discarded_at = task.discarded_at or ctx.now
    if not lines or author_id is None:
        return
    zone = ZoneInfo(zones.zone_or_none(ctx.db.scalar(select(User.time_zone).where(User.id == author_id))) or "UTC")
    given: list[tuple[Task, Line]] = []
    for line, known in pairs:
        task = known or Task(record_type=kind, record_id=record.id, author_id=author_id, done=False, created_at=ctx.now)
        if known is None:
            ctx.db.add(task)
        elif opened is not None and known.done != line.done and known.updated_at > opened:
            line.done = known.done
            setattr(record, field, boxes.ticked(getattr(record, field), format, line.uid, done=line.done))
        _fill(ctx, task, line, zone)
        given.append((task, line))
    ctx.db.flush()
    _give(ctx, {task.id: line.names for task, line in given})


def _paired(lines: list[Line], rows: list[Task], *, by_number: bool) -> tuple[Pairs, list[Task]]:
    """Each line with its row, and the rows that have none."""
    left, found = list(rows), dict[int, Task]()

    def pair(fits: Callable[[Line, Task], bool], *, dropped: bool) -> None:
        for place, line in enumerate(lines):
            row = None
            if place not in found:
                row = next((one for one in left if (dropped or one.discarded_at is None) and fits(line, one)), None)
            if row is not None:
                found[place] = row
                left.remove(row)

    if by_number:
        pair(lambda line, row: line.uid == row.uid, dropped=True)
    pair(lambda line, row: line.name == row.name, dropped=False)
    pair(lambda line, row: line.name == row.name, dropped=True)
    open_rows = sum(1 for one in left if one.discarded_at is None)
    if not by_number and (len(lines) - len(found)) * open_rows <= MOST_COMPARED:
        pair(lambda line, row: SequenceMatcher(None, line.name, row.name).ratio() >= ALIKE, dropped=False)
        pair(lambda line, row: line.uid == row.uid, dropped=False)
    return [(line, found.get(place)) for place, line in enumerate(lines)], left


def tick(ctx: Context, task: Task, *, done: bool) -> Task:
    """Say that a task is done, or is not; its box in the text says so, too. No change of the text that anybody is told of."""
    ctx.require(Permission.TASK_UPDATE, task)
    record, place = record_of(ctx, task), place_of(ctx, task)
    if record is None or place is None or task.done == done:
        return task
    # Others may tick in the same text at the same moment: their boxes must not be written over.
    ctx.db.refresh(record, [place.field, f"{place.field}_format"], with_for_update=True)
    ctx.db.refresh(task)
    text, format = getattr(record, place.field) or "", getattr(record, f"{place.field}_format")
    setattr(record, place.field, boxes.ticked(text, format, task.uid, done=done))
    task.done, task.done_at, task.doer_id = done, ctx.now if done else None, ctx.actor_id if done else None
    task.updated_at = ctx.now
    ctx.changed(record)
    return task


def move(ctx: Context, before: Any, after: Any) -> None:
    """Give the tasks of a record to another of its type, which takes its place; `keep` the other's text then."""
    here = update(Task).where(Task.record_type == type(before).__name__, Task.record_id == before.id)
    ctx.db.execute(here.values(record_id=after.id))


def _fill(ctx: Context, task: Task, line: Line, zone: ZoneInfo) -> None:
    task.uid, task.name, task.discarded_at = line.uid, line.name, None
    task.due_on, task.remind = line.due_on, line.remind
    task.remind_at = _moment(line, zone)
    if task.done != line.done:
        task.done = line.done
        task.done_at = ctx.now if line.done else None
        task.doer_id = ctx.actor_id if line.done else None


def _moment(line: Line, zone: ZoneInfo) -> datetime | None:
    """Six in the morning of the author's clock, so many days before it is due."""
    if line.due_on is None or line.remind is None:
        return None
    return datetime.combine(line.due_on - timedelta(days=line.remind), MORNING, zone).astimezone(UTC)


def _give(ctx: Context, wanted: dict[int, list[str]]) -> None:
    """Give tasks to those whom they mention, and to nobody else."""
    names = sorted({name for each in wanted.values() for name in each})
    people = (
        ctx.db.execute(select(func.lower(User.username), User.id).where(func.lower(User.username).in_(names)))
        if names
        else ()
    )
    ids: dict[str, int] = {row[0]: row[1] for row in people}
    pairs = {(task_id, ids[name]) for task_id, each in wanted.items() for name in each if name in ids}
    rows = ctx.db.execute(
        select(TasksUser.id, TasksUser.task_id, TasksUser.user_id).where(TasksUser.task_id.in_(wanted))
    )
    there: dict[tuple[int | None, int | None], int] = {(task_id, user_id): row_id for row_id, task_id, user_id in rows}
    gone: Sequence[int] = [row_id for pair, row_id in there.items() if pair not in pairs]
    if gone:
        ctx.db.execute(delete(TasksUser).where(TasksUser.id.in_(gone)))
    new = [{"task_id": task, "user_id": user} for task, user in sorted(pairs) if (task, user) not in there]
    if new:
        ctx.db.execute(insert(TasksUser), [{**one, "created_at": ctx.now, "updated_at": ctx.now} for one in new])
