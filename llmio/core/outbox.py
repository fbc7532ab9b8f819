"""The outbox: rows that must become jobs, written in the transaction of the act that causes them.

The queue only carries a hint. A row is gone when its job is done, and never before; a crash anywhere leaves the row,
and the relay finds it (the pattern is the transactional outbox, https://microservices.io/patterns/data/).
"""

from __future__ import annotations

import logging
import re
import time
import traceback
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Index, Text, case, delete, false, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, Session, mapped_column

from llmio.core import reports, trace
from llmio.core.db import Base
from llmio.core.jobs import LONGEST_WAIT, QUEUES, GiveUp

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.attempts import Attempt
    from llmio.core.context import Context
    from llmio.core.jobs import Job

log = logging.getLogger(__name__)
ADVISORY_SPACE = 0x11A0
Moment = TIMESTAMP(timezone=True)
GRACE = timedelta(seconds=5)
STILL = text("SELECT 1 FROM llmio.outbox WHERE id = :id AND dead_at IS NULL AND available_at <= :now")
# Deleted first, in the transaction of the job: one round trip finds, locks and removes, and a failure undoes it all.
# The advisory lock keeps nobody away (the row lock does): it shows administrators what runs, see llmio.admin.service.jobs.
TAKE = text(
    "DELETE FROM llmio.outbox WHERE id = (SELECT id FROM llmio.outbox WHERE id = :id AND dead_at IS NULL "
    "AND available_at <= :now FOR UPDATE SKIP LOCKED) "
    "RETURNING job, args, request_id, pg_try_advisory_xact_lock(:space, :key)"
)
END_SESSION = text(
    # Whoever holds the lock runs the job: in its transaction, or beside it. Ending the session undoes what it has open.
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = :space "
    "AND objid = :key AND objsubid = 2 AND pid <> pg_backend_pid() "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
LONGEST_ERROR = 20_000
"""Characters of a traceback that are kept: its beginning and, more telling, its end."""
DIED = "The process died in the midst of this job or of one beside it: killed, crashed, out of memory, or frozen by it."
STRAY = "default"
"""The queue of rows whose own nobody serves: written by another release, or by hand."""
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL cannot keep in a text: a row must not be tried for ever because of the words of its error."""


class Outbox(Base):
    """One job to be run. `dead_at` is set when no try is left; such a row waits for an administrator."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("index_outbox_on_available_at", "available_at", postgresql_where=text("dead_at IS NULL")),
        {"schema": "llmio"},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    job: Mapped[str] = mapped_column(Text)
    queue: Mapped[str] = mapped_column(Text)
    args: Mapped[list[Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Moment)
    available_at: Mapped[datetime] = mapped_column(Moment)
    kicked_at: Mapped[datetime | None] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    last_error: Mapped[str | None] = mapped_column(Text)
    dead_at: Mapped[datetime | None] = mapped_column(Moment)
    request_id: Mapped[str | None] = mapped_column(Text)
    """Of the request that caused it, at once or by way of other jobs; the log of the job has it, too."""


LANE = case((Outbox.queue.in_(list(QUEUES)), Outbox.queue), else_=STRAY)
"""The queue a row is to go to: its own, where that is served."""


def add(ctx: Context, job: Job, args: Sequence[Any], *, delay: timedelta | None = None) -> Outbox:
    """Write a row; once the transaction has committed, hint the queue (a lost hint only makes it later)."""
    now = ctx.now
    row = Outbox(
        job=job.name,
        queue=job.queue,
        args=list(args),
        created_at=now,
        available_at=now + delay if delay else now,
        attempts=0,
        request_id=trace.request_id.get() or None,
    )
    ctx.db.add(row)
    if not delay:
        waiting = ctx.memo.get("outbox")
        if waiting is None:
            waiting = ctx.memo["outbox"] = []
            ctx.tm.get().addAfterCommitHook(_kick, args=(ctx, waiting))
        waiting.append(row)
    return row


def _kick(committed: bool, ctx: Context, rows: list[Outbox]) -> None:  # noqa: FBT001  # the hook's signature
    ctx.memo.pop("outbox", None)
    if committed:
        ctx.ports.queue.kick([(row.id, row.queue) for row in rows if row.id is not None])


def due(
    app: App, *, queues: Collection[str], hinted_before: datetime, grace: timedelta = GRACE, limit: int = 500
) -> list[tuple[int, str]]:
    """Rows of these queues that nobody was told of, marked as told now: those whose hint seems lost, and those whose
    later moment has come.

    A new row is left alone for `grace`, since the hint of its commit is on its way. One that was hinted already comes
    again when that was before `hinted_before`. A row of a queue that nobody serves goes to the default one.
    """
    now = app.ports.clock.now()
    stray = Outbox.queue.not_in(list(QUEUES)) if STRAY in queues else false()
    with app.sessions() as db, db.begin():
        query = (
            select(Outbox.id, LANE.label("queue"))
            .where(
                Outbox.dead_at.is_(None),
                Outbox.available_at <= now,
                (Outbox.available_at > Outbox.created_at) | (Outbox.created_at <= now - grace),
                (Outbox.kicked_at.is_(None)) | (Outbox.kicked_at <= hinted_before),
                Outbox.queue.in_(queues) | stray,
            )
            .order_by(Outbox.available_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = [(row.id, row.queue) for row in db.execute(query)]
        if rows:
            db.execute(update(Outbox).where(Outbox.id.in_([row[0] for row in rows])).values(kicked_at=now, queue=LANE))
    return rows


def set_back(ctx: Context) -> None:
    """The clock was ahead and has been set right: what was written by it waits from now on, not until that time comes again."""
    late = ctx.now + GRACE
    written = Outbox.created_at > late
    tried = (Outbox.attempts > 0) & (Outbox.available_at > late + LONGEST_WAIT)
    rest = case((written & (Outbox.attempts == 0), Outbox.available_at - Outbox.created_at), else_=timedelta())
    ctx.db.execute(
        update(Outbox)
        .where(Outbox.dead_at.is_(None), written | tried | (Outbox.kicked_at > late))
        .values(
            available_at=case((written | tried, ctx.now + rest), else_=Outbox.available_at),
            created_at=func.least(Outbox.created_at, ctx.now),
            kicked_at=None,
        )
    )


def oldest(db: Session, now: datetime) -> datetime | None:
    """Since when the row waits that should have been run first; None where nothing is due."""
    due_at = select(func.min(Outbox.available_at)).where(Outbox.dead_at.is_(None), Outbox.available_at <= now)
    return db.scalar(due_at)


def run(app: App, outbox_id: int, attempt: Attempt | None = None) -> bool:
    """Run the row's job if it still waits and nobody else runs it; True if it was run and is done.

    `attempt` is told which job it is; where it was given up meanwhile, what comes of it is nobody's concern any more.
    """
    began = time.perf_counter()
    with trace.kept():
        try:
            well = _attempt(app, outbox_id, attempt)
        except BaseException as error:  # noqa: BLE001  # a job may raise anything (cancellation, a panic in Rust): the row keeps it
            if attempt is not None and attempt.given_up:
                return False
            told = writable(traceback.format_exc())  # a log that cannot take half a letter would lose the whole line
            log.warning("job of outbox row %s failed\n%s", outbox_id, told)
            reports.capture(error)
            _failed(app, outbox_id, told, final=isinstance(error, GiveUp))
            return False
        if well and app.settings["log.format"] == "json":
            took = round((time.perf_counter() - began) * 1000, 1)
            logging.getLogger("llmio.jobs").info("%s done", trace.job_id.get(), extra={"ms": took})
        return well


def lock_key(outbox_id: int) -> int:
    """The row's key among advisory locks, which are half as wide as its id."""
    return outbox_id % 2**31


def _attempt(app: App, outbox_id: int, attempt: Attempt | None) -> bool:
    with app.begin() as ctx:
        row = ctx.db.execute(
            TAKE, {"id": outbox_id, "now": ctx.now, "space": ADVISORY_SPACE, "key": lock_key(outbox_id)}
        ).one_or_none()
        if row is None:
            return False
        trace.begin_job(row.job, outbox_id, row.request_id)
        reports.name(row.job)
        job = app.jobs.get(row.job)
        if job is not None and attempt is not None:
            attempt.begins(job, row.args)
        if job is not None and job.transaction:
            job.run(ctx, *row.args)
            return True
        ctx.tm.abort()  # the row stays: its job is done outside, or not at all
        ctx.tm.begin()
    if job is None:
        _park(app, outbox_id, row.job)
        return False
    return _run_outside(app, outbox_id, job, row.args)


def _run_outside(app: App, outbox_id: int, job: Job, args: list[Any]) -> bool:
    """Run a job that talks to the network: no transaction is open meanwhile, an advisory lock keeps others away.

    A lock rather than a lease in the row: it falls with the process that held it, so that after `kill -9` the job is free at
    once. It belongs to a transaction, which does nothing else until the job is done (it has no snapshot, so it keeps nothing
    from being cleaned up); a lock of the session would be lost in a pool that hands each transaction another connection.
    """
    with app.connect() as connection, connection.begin():
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        key = {"space": ADVISORY_SPACE, "id": lock_key(outbox_id)}
        if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:space, :id)"), key):
            return False
        # Asked elsewhere: the lock on the table that goes with it would stand in the way of migrations all the while.
        with app.begin() as ctx:
            still = ctx.db.scalar(STILL, {"id": outbox_id, "now": ctx.now})
        if not still:
            return False
        fault: BaseException | None = None
        try:
            job.run(app, *args)
        except BaseException as error:  # noqa: BLE001  # raised below
            fault = error
        else:
            connection.execute(delete(Outbox).where(Outbox.id == outbox_id))
    # Raised once the transaction is over: it kept the lock alone, and there is nothing to take back in it.
    if fault is not None:
        raise fault
    return True


def _park(app: App, outbox_id: int, name: str) -> None:
    """The job's code is absent (a removed plugin): keep the row, look again in an hour."""
    with app.begin() as ctx:
        row = ctx.db.get(Outbox, outbox_id)
        if row is not None:
            row.last_error = f"no job named {name}: is its plugin installed and on?"
            row.available_at = ctx.now + timedelta(hours=1)


def died(app: App, outbox_id: int, trace: str = "", *, apart: float = 0.0) -> None:
    """Count a try in the midst of which the process died; a job that kills every worker is given up at last.

    Others that were at work in it are counted, too; the first time costs them no delay. Later ones come back `apart` (0 to 1,
    a share of the delay): at one moment again, the one that kills would take the same ones with it to the end.
    """
    with app.begin() as ctx:
        row = ctx.db.get(Outbox, outbox_id, with_for_update={"skip_locked": True})
        if row is None or row.dead_at is not None or row.job not in app.jobs:
            return
        row.last_error = writable(f"{trace}\n{DIED}".lstrip())
        _count(ctx, row, app.jobs[row.job], delayed=row.attempts > 0, apart=apart)


def hung(app: App, attempt: Attempt, error: str) -> None:
    """Take a job out of the hands of a thread that hangs: its session is ended, the try is counted as failed."""
    with app.begin() as ctx:
        ctx.db.execute(END_SESSION, {"space": ADVISORY_SPACE, "key": lock_key(attempt.outbox_id)})
    with app.begin() as ctx:
        row = ctx.db.get(Outbox, attempt.outbox_id, with_for_update={"skip_locked": True})
        if row is None or row.dead_at is not None or row.job not in app.jobs:
            return
        row.last_error = writable(error)
        _count(ctx, row, app.jobs[row.job])


def _count(
    ctx: Context, row: Outbox, job: Job, *, final: bool = False, delayed: bool = True, apart: float = 0.0
) -> None:
    row.attempts += 1
    row.kicked_at = None
    if final or row.attempts > job.retries:
        row.dead_at = ctx.now
    elif delayed:
        row.available_at = ctx.now + timedelta(seconds=job.delay_before(row.attempts) * (1 + apart))


def writable(error: str) -> str:
    """A traceback as it can be kept: bounded, and without what the database refuses."""
    if len(error) > LONGEST_ERROR:
        error = f"{error[: LONGEST_ERROR // 4]}\n…\n{error[-3 * LONGEST_ERROR // 4 :]}"
    return UNWRITABLE.sub("\ufffd", error)


def _failed(app: App, outbox_id: int, error: str, *, final: bool) -> None:
    with app.begin() as ctx:
        row = ctx.db.get(Outbox, outbox_id)
        if row is None:
            return
        row.last_error = error
        _count(ctx, row, app.jobs[row.job], final=final)
