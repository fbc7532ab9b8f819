"""Tasks: lines of a text with a box, kept as rows so that people can be reminded of them.

The rows follow the text: each save adds, changes and drops them. Only HTML has tasks that are kept; in Markdown a box is drawn, but there
is no place for a number by which the line would be known again.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select

from llmio.accounts import zones
from llmio.accounts.models import User
from llmio.core.permissions import Permission
from llmio.discussions.models import Discussion, Task, TasksUser
from llmio.discussions.tasks import record_of

if TYPE_CHECKING:
    from llmio.core.context import Context

ITEM = re.compile(r"<li((?:\s+[\w-]+=\"[^\"]*\")*)>")
UID = re.compile(r"\sdata-uid=\"([^\"]*)\"")
CHECKED = re.compile(r"\sdata-checked=\"[^\"]*\"")
IS_TASK = ' data-type="taskItem"'
LARGEST = (1 << 31) - 1
MORNING = time(6)
LONGEST_REMIND = 365


@dataclass
class Line:
    """A task as the text has it."""

    uid: int
    done: bool
    due_on: date | None
    remind: int | None
    words: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """User names of those mentioned in it, in lower case."""

    @property
    def name(self) -> str:
        """What is to be done, in one line."""
        return " ".join("".join(self.words).split())


def numbered(text: str, format: str) -> str:
    """Cleaned HTML, with a number for each task that has none or another's."""
    if format != "html" or IS_TASK not in text:
        return text
    seen: set[int] = set()

    def one(match: re.Match[str]) -> str:
        attributes = match.group(1)
        if IS_TASK not in attributes:
            return match.group(0)
        found = UID.search(attributes)
        uid = _number(found.group(1)) if found else None
        while uid is None or uid in seen:
            uid = secrets.randbelow(LARGEST) + 1
        seen.add(uid)
        return f'<li{UID.sub("", attributes)} data-uid="{uid}">'

    return ITEM.sub(one, text)


def lines_of(text: str, format: str) -> list[Line]:
    """The tasks of a text with numbers, in order; those without words are left out."""
    if format != "html" or IS_TASK not in text:
        return []
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return [one for one in reader.found if one.name]


def keep(ctx: Context, record_type: str, record_id: int, author_id: int | None, text: str | None, format: str) -> None:
    """Make the rows of a record those of its text. A row whose line is gone is dropped, and is there again with its line."""
    lines = {one.uid: one for one in lines_of(text or "", format)}
    here = select(Task).where(Task.record_type == record_type, Task.record_id == record_id)
    known: dict[int, Task] = {task.uid: task for task in ctx.db.scalars(here.order_by(Task.id))}
    for uid, task in known.items():
        if uid not in lines and task.discarded_at is None:
            task.discarded_at = ctx.now
    if not lines or author_id is None:
        return
    zone = ZoneInfo(zones.zone_or_none(ctx.db.scalar(select(User.time_zone).where(User.id == author_id))) or "UTC")
    for uid, line in lines.items():
        if uid not in known:
            known[uid] = Task(
                record_type=record_type,
                record_id=record_id,
                author_id=author_id,
                uid=uid,
                done=False,
                created_at=ctx.now,
            )
            ctx.db.add(known[uid])
        _fill(ctx, known[uid], line, zone)
    ctx.db.flush()
    _give(ctx, {known[uid].id: line.names for uid, line in lines.items()})


def tick(ctx: Context, task: Task, *, done: bool) -> Task:
    """Say that a task is done, or is not; its box in the text says so, too. No change of the text that anybody is told of."""
    ctx.require(Permission.TASK_UPDATE, task)
    record = record_of(ctx, task)
    if record is None or task.done == done:
        return task
    field = "description" if isinstance(record, Discussion) else "body"
    setattr(record, field, _ticked(getattr(record, field) or "", task.uid, done=done))
    task.done, task.done_at, task.doer_id = done, ctx.now if done else None, ctx.actor_id if done else None
    ctx.changed(record)
    return task


def _ticked(text: str, uid: int, *, done: bool) -> str:
    def one(match: re.Match[str]) -> str:
        attributes = match.group(1)
        if IS_TASK not in attributes or f' data-uid="{uid}"' not in attributes:
            return match.group(0)
        return f'<li{CHECKED.sub("", attributes)} data-checked="{"true" if done else "false"}">'

    return ITEM.sub(one, text)


def _fill(ctx: Context, task: Task, line: Line, zone: ZoneInfo) -> None:
    task.name, task.due_on, task.remind, task.discarded_at = line.name, line.due_on, line.remind, None
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


def _number(text: str | None) -> int | None:
    return (
        int(text)
        if text and text.isascii() and text.isdecimal() and len(text) <= 10 and 0 < int(text) <= LARGEST
        else None
    )


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
    return day if 1970 < day.year < 9000 else None


class _Reader(HTMLParser):
    """Reads tasks out of cleaned HTML; the words of a task within another are its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Line] = []
        self._open: list[Line | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A list item opens; a mention gives the task at hand to somebody."""
        values = dict(attrs)
        line = next((one for one in reversed(self._open) if one is not None), None)
        if tag == "li":
            self._open.append(self._line(values))
        elif line is not None and values.get("data-mention-id"):
            line.names.append(str(values["data-mention-id"]).lower())
        elif line is not None and tag in ("p", "br", "div"):
            line.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """A list item ends."""
        if tag == "li" and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Words, of the innermost task."""
        line = next((one for one in reversed(self._open) if one is not None), None)
        if line is not None:
            line.words.append(data)

    def _line(self, values: dict[str, str | None]) -> Line | None:
        uid = _number(values.get("data-uid"))
        if values.get("data-type") != "taskItem" or uid is None:
            return None
        remind = values.get("data-remind") or ""
        days = int(remind) if remind.isascii() and remind.isdecimal() and len(remind) <= 3 else None
        line = Line(
            uid,
            values.get("data-checked") == "true",
            _day(values.get("data-due-on")),
            days if days is not None and days <= LONGEST_REMIND else None,
        )
        self.found.append(line)
        return line
