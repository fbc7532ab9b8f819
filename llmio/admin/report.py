"""The state of the jobs as JSON; page and command print the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.admin.service import deliveries, jobs, work
from llmio.admin.service.jobs import State

if TYPE_CHECKING:
    from datetime import datetime

    from llmio.admin.service.jobs import Running
    from llmio.core.context import Context
    from llmio.core.outbox import Outbox


def jobs_as_dict(ctx: Context) -> dict[str, Any]:
    """Queues, running, failed, dead, parked, schedule; keys are only ever added."""
    at_work = jobs.running(ctx)
    signs = jobs.signs(ctx)
    found: dict[str, Any] = {
        "worker": {"well": signs.worker_well, "last_sign": _iso(signs.worker)},
        "beat": {"well": signs.schedule_well, "last_sign": _iso(signs.schedule)},
        "queues": [
            {
                "name": one.name,
                "weight": one.weight,
                "waiting": one.waiting,
                "oldest_seconds": round((ctx.now - one.oldest).total_seconds(), 1) if one.oldest else None,
                "later": one.later,
            }
            for one in jobs.queues(ctx, at_work=at_work)
        ],
        "running": [_running(one, ctx.now) for one in at_work],
    }
    for state in State:
        page = jobs.listed(ctx, state)
        found[state.value] = {"count": page.total, "jobs": [_row(one) for one in page.rows]}
    found["schedule"] = [
        {"job": one.job, "every": one.every, "last": _iso(one.last), "next": _iso(one.next)}
        for one in jobs.schedule(ctx)
    ]
    found["long_work"] = [
        {
            "id": one.id,
            "kind": one.kind,
            "state": one.state,
            "silent": one.silent(ctx.now),
            "done": one.done,
            "total": one.total,
            "note": one.note,
            "error": one.error,
            "user_id": one.user_id,
            "created_at": _iso(one.created_at),
            "finished_at": _iso(one.finished_at),
        }
        for one in work.listed(ctx)
    ]
    found["undelivered"] = deliveries.listed(ctx).total
    return found


def _running(one: Running, now: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "job": one.job,
        "queue": one.queue,
        "args": list(one.args),
        "since": _iso(one.since),
        "limit_seconds": one.limit,
        "overdue": one.overdue(now),
    }


def _row(row: Outbox) -> dict[str, Any]:
    return {
        "id": row.id,
        "job": row.job,
        "queue": row.queue,
        "args": row.args,
        "attempts": row.attempts,
        "created_at": _iso(row.created_at),
        "next_try_at": None if row.dead_at else _iso(row.available_at),
        "dead_at": _iso(row.dead_at),
        "error": row.last_error,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
