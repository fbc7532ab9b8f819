"""The schedule: asks for jobs by the clock, by writing outbox rows; it never runs one itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from llmio.core import heartbeats, outbox
from llmio.core.heartbeats import ScheduleRun
from llmio.core.outbox import Outbox

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

SECONDS = 1.0
BACK = timedelta(minutes=1)
"""What was noted so far in the future was noted by a clock that has been set back."""
LOCK = (0x11A1, 0x5C4E)  # a space of its own: locks of 0x11A0 are those of running jobs


def step(app: App) -> list[str]:
    """Ask for what is due; the names of the jobs.

    Any number of processes may do this: a lock lets one act at a time, and a row says what was asked for already, so
    that each moment is served once. Moments missed while nobody was there are made up for once: by the schedule, and
    where the workers were away, since a job that still waits for its first try is not asked for again.
    """
    with app.begin() as ctx:
        if not ctx.db.scalar(text("SELECT pg_try_advisory_xact_lock(:space, :id)"), {"space": LOCK[0], "id": LOCK[1]}):
            return []
        heartbeats.beat(ctx.db, heartbeats.SCHEDULE, ctx.now)
        asked = {row.name: row.last_run_at for row in ctx.db.query(ScheduleRun)}
        future = {name for name, moment in asked.items() if moment > ctx.now + BACK}
        if future:
            outbox.set_back(ctx)
            asked = {name: moment for name, moment in asked.items() if name not in future}
        due = [one for one in app.schedules if one.due(asked.get(one.job.name), ctx.now)]
        waiting = _waiting(ctx, [one.job.name for one in due]) if due else set()
        due = [one for one in due if one.job.name not in waiting]
        for one in due:
            ctx.enqueue(one.job, *one.arguments(asked.get(one.job.name), ctx.now))
            row = upsert(ScheduleRun).values(name=one.job.name, last_run_at=ctx.now)
            ctx.db.execute(row.on_conflict_do_update(index_elements=["name"], set_={"last_run_at": ctx.now}))
        return [one.job.name for one in due]


def _waiting(ctx: Context, names: Collection[str]) -> set[str]:
    """Which of these jobs wait for a first try. One at work does not count, lest one that hangs keeps the next away."""
    query = select(Outbox.job).where(Outbox.job.in_(names), Outbox.dead_at.is_(None), Outbox.attempts == 0)
    return set(ctx.db.scalars(query.where(Outbox.available_at <= ctx.now).with_for_update(skip_locked=True)))
