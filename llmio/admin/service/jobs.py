"""Jobs as administrators see them: what waits, runs, failed, was given up or parked; tried again or deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import ColumnElement, Select, delete, func, select, text, update

from llmio.core import audit, heartbeats
from llmio.core.errors import Conflict, NotFound
from llmio.core.heartbeats import ScheduleRun
from llmio.core.i18n import _
from llmio.core.jobs import QUEUES
from llmio.core.outbox import ADVISORY_SPACE, LANE, Outbox
from llmio.core.permissions import Permission

if TYPE_CHECKING:
    from llmio.core.context import Context

PAGE = 20
HINTS = 200
"""Jobs that are hinted to workers at once; the relay finds the others in its own measure."""
RUNNING = text(
    # Who holds a row's lock runs its job. A job in a transaction began with it; one outside began after its last statement.
    "SELECT o.id, o.job, o.queue, o.args, o.attempts, coalesce(a.xact_start, a.state_change) AS since "
    "FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
    "JOIN llmio.outbox o ON o.id % 2147483648 = l.objid::bigint "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :space AND l.objsubid = 2 AND a.pid <> pg_backend_pid() "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND o.dead_at IS NULL "
    "ORDER BY since LIMIT 100"
)


class State(StrEnum):
    """Where a job that did not end well stands."""

    FAILED = "failed"
    """It will be tried again."""
    DEAD = "dead"
    """No try is left, or none would help."""
    PARKED = "parked"
    """Its code is absent: the plugin was removed or switched off."""


@dataclass(frozen=True)
class Queue:
    """One queue: what is due, since when the oldest waits, what is for later."""

    name: str
    weight: int
    waiting: int = 0
    oldest: datetime | None = None
    later: int = 0


@dataclass(frozen=True)
class Running:
    """One job at work."""

    id: int
    job: str
    queue: str
    args: Sequence[Any]
    attempts: int
    since: datetime | None
    limit: float
    """Seconds after which it is taken for hanging."""

    def overdue(self, now: datetime) -> bool:
        """It should be over: it hangs, or is just being given up."""
        return self.since is not None and (now - self.since).total_seconds() > self.limit


@dataclass(frozen=True)
class Kind:
    """All rows of one job in one state."""

    job: str
    summary: str
    count: int


@dataclass(frozen=True)
class Planned:
    """A job that comes by the clock."""

    job: str
    summary: str
    every: int | Literal["month"]
    last: datetime | None
    next: datetime


@dataclass(frozen=True)
class Page:
    """Some rows of a longer list."""

    rows: Sequence[Outbox]
    total: int
    page: int = 1

    @property
    def more(self) -> bool:
        """Whether further ones follow."""
        return self.page * PAGE < self.total


@dataclass(frozen=True)
class Signs:
    """Whether somebody works: the last sign of a worker and of a schedule, and whether it is fresh."""

    worker: datetime | None
    schedule: datetime | None
    worker_well: bool
    schedule_well: bool


def queues(ctx: Context, *, at_work: Sequence[Running] = ()) -> list[Queue]:
    """Every queue, by weight, without the jobs that are at work; one query."""
    ctx.require(Permission.ADMIN)
    due = Outbox.available_at <= ctx.now
    query = (
        select(
            Outbox.queue,
            func.count().filter(due),
            func.min(Outbox.available_at).filter(due),
            func.count().filter(~due),
        )
        .where(Outbox.dead_at.is_(None), Outbox.id.not_in([one.id for one in at_work]))
        .group_by(Outbox.queue)
    )
    found = {
        name: Queue(name, QUEUES.get(name, 0), waiting, oldest, later)
        for name, waiting, oldest, later in ctx.db.execute(query)
    }
    strangers = sorted(set(found) - set(QUEUES))
    return [found.get(name) or Queue(name, QUEUES.get(name, 0)) for name in (*QUEUES, *strangers)]


def running(ctx: Context) -> list[Running]:
    """What is at work now in any process, the longest first."""
    ctx.require(Permission.ADMIN)
    rows = ctx.db.execute(RUNNING, {"space": ADVISORY_SPACE}).mappings().all()
    return [Running(**row, limit=_limit(ctx, row["job"])) for row in rows]


def _limit(ctx: Context, job: str) -> float:
    found = ctx.app.jobs.get(job)
    return (found and found.limit) or ctx.app.settings.number("worker.job_limit")


def signs(ctx: Context) -> Signs:
    """The last signs of worker and schedule."""
    ctx.require(Permission.ADMIN)
    fresh = ctx.now - timedelta(seconds=heartbeats.STALE)
    worker, schedule = (heartbeats.last(ctx.db, name) for name in (heartbeats.WORKER, heartbeats.SCHEDULE))
    return Signs(worker, schedule, bool(worker and worker > fresh), bool(schedule and schedule > fresh))


def listed(ctx: Context, state: State, *, job: str = "", page: int = 1) -> Page:
    """Rows of a state, what comes or came last first; two queries."""
    ctx.require(Permission.ADMIN)
    condition = _in_state(ctx, state) & (Outbox.job == job if job else Outbox.id.is_not(None))
    total = ctx.db.scalar(select(func.count()).select_from(Outbox).where(condition)) or 0
    order = Outbox.dead_at.desc() if state is State.DEAD else Outbox.available_at
    rows = select(Outbox).where(condition).order_by(order, Outbox.id).limit(PAGE).offset((page - 1) * PAGE)
    return Page(ctx.db.scalars(rows).all() if total else (), total, page)


def kinds(ctx: Context, state: State) -> list[Kind]:
    """How many of each job are in a state, the most first."""
    ctx.require(Permission.ADMIN)
    query = select(Outbox.job, func.count()).where(_in_state(ctx, state)).group_by(Outbox.job)
    return [
        Kind(name, summary_of(ctx, name), count)
        for name, count in ctx.db.execute(query.order_by(func.count().desc(), Outbox.job))
    ]


def summary_of(ctx: Context, job: str) -> str:
    """What a job does, in its author's words; empty where its code is absent."""
    found = ctx.app.jobs.get(job)
    return found.summary if found else ""


def schedule(ctx: Context) -> list[Planned]:
    """What comes by the clock, the next first."""
    ctx.require(Permission.ADMIN)
    asked = {row.name: row.last_run_at for row in ctx.db.scalars(select(ScheduleRun))}
    lines = [
        Planned(
            one.job.name,
            one.job.summary,
            one.every,
            asked.get(one.job.name),
            ctx.now if one.due(asked.get(one.job.name), ctx.now) else one.next(ctx.now),
        )
        for one in ctx.app.schedules
    ]
    return sorted(lines, key=lambda line: (line.next, line.job))


def retry(ctx: Context, job_id: int) -> Outbox:
    """Have one job tried again at once, with all its tries; NotFound where it is done or gone."""
    row = _stuck(ctx, job_id)
    _revive(ctx, Outbox.id == row.id)
    ctx.db.expire(row)
    return row


def retry_all(ctx: Context, *, job: str = "") -> int:
    """Have all jobs that were given up tried again, or all of one name; how many."""
    ctx.require(Permission.ADMIN)
    return _revive(ctx, _in_state(ctx, State.DEAD) & (Outbox.job == job if job else Outbox.id.is_not(None)))


def discard(ctx: Context, job_id: int) -> Outbox:
    """Forget a job that was given up or parked: what it was to do is never done."""
    row = _stuck(ctx, job_id)
    if row.dead_at is None and row.job in ctx.app.jobs:
        raise Conflict(_("This job will be tried again; only what was given up can be deleted."))
    audit.note(ctx, "job.discard", job=row.job, count=1)
    ctx.db.delete(row)
    return row


def discard_all(ctx: Context, *, job: str) -> int:
    """Forget all jobs of a name that were given up or parked; how many."""
    ctx.require(Permission.ADMIN)
    stuck = _in_state(ctx, State.DEAD) | _in_state(ctx, State.PARKED)
    chosen = select(Outbox.id).where(stuck, Outbox.job == job).with_for_update(skip_locked=True)
    found = delete(Outbox).where(Outbox.id.in_(chosen)).returning(Outbox.id)
    count = len(ctx.db.execute(found.execution_options(synchronize_session=False)).all())
    if count:
        audit.note(ctx, "job.discard", job=job, count=count)
    return count


def _in_state(ctx: Context, state: State) -> ColumnElement[bool]:
    if state is State.DEAD:
        return Outbox.dead_at.is_not(None)
    absent = Outbox.job.not_in(list(ctx.app.jobs))
    if state is State.PARKED:
        return Outbox.dead_at.is_(None) & absent
    return Outbox.dead_at.is_(None) & ~absent & (Outbox.attempts > 0)


def _stuck(ctx: Context, job_id: int) -> Outbox:
    """A row that ails, locked; one that runs at this moment, or is well, is none of these."""
    ctx.require(Permission.ADMIN)
    query: Select[Outbox] = select(Outbox).where(Outbox.id == job_id).with_for_update(skip_locked=True)
    row = ctx.db.scalars(query).one_or_none()
    if row is None or (row.dead_at is None and row.attempts == 0 and row.job in ctx.app.jobs):
        raise NotFound(_("No such job has failed. It may be done meanwhile, or be at work now."))
    return row


def _revive(ctx: Context, condition: ColumnElement[bool]) -> int:
    chosen = select(Outbox.id).where(condition).with_for_update(skip_locked=True)
    again = (
        update(Outbox)
        .where(Outbox.id.in_(chosen))
        .values(dead_at=None, attempts=0, available_at=ctx.now, kicked_at=None, queue=LANE)
        .returning(Outbox.id, Outbox.queue)
        .execution_options(synchronize_session=False)
    )
    rows = [(row.id, row.queue) for row in ctx.db.execute(again)]
    ctx.tm.get().addAfterCommitHook(lambda committed: ctx.ports.queue.kick(rows[:HINTS]) if committed else None)
    return len(rows)
