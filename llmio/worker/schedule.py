"""The schedule: asks for jobs by the clock, by writing outbox rows; it never runs one itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as upsert

from llmio.core import heartbeats
from llmio.core.heartbeats import ScheduleRun

if TYPE_CHECKING:
    from llmio.core.app import App

SECONDS = 1.0
LOCK = (0x11A1, 0x5C4E)  # a space of its own: locks of 0x11A0 are those of running jobs


def step(app: App) -> list[str]:
    """Ask for what is due; the names of the jobs.

    Any number of processes may do this: a lock lets one act at a time, and a row says what was asked for already, so
    that each moment is served once. Moments missed while nobody was there are made up for once.
    """
    with app.begin() as ctx:
        if not ctx.db.scalar(text("SELECT pg_try_advisory_xact_lock(:space, :id)"), {"space": LOCK[0], "id": LOCK[1]}):
            return []
        heartbeats.beat(ctx.db, heartbeats.SCHEDULE, ctx.now)
        asked = {row.name: row.last_run_at for row in ctx.db.query(ScheduleRun)}
        due = [one for one in app.schedules if one.due(asked.get(one.job.name), ctx.now)]
        for one in due:
            ctx.enqueue(one.job, *one.arguments(asked.get(one.job.name), ctx.now))
            row = upsert(ScheduleRun).values(name=one.job.name, last_run_at=ctx.now)
            ctx.db.execute(row.on_conflict_do_update(index_elements=["name"], set_={"last_run_at": ctx.now}))
        return [one.job.name for one in due]
