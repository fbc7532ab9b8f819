"""Jobs: work done after the act, by name. The worker binds them to Celery; features never import it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Literal

from llmio.core.measures import measures

QUEUES: dict[str, int] = {"critical": 10, "high": 6, "default": 3, "low": 1, "mailers": 1}
"""Queue → its share of the work when all are full."""


LONGEST_WAIT = timedelta(hours=6)
"""Between two tries."""
LONG = 6 * 3600.0
"""Limit of jobs that take long by nature: they read or write whatever a site holds."""


class GiveUp(Exception):
    """Raised by a job that no further try can help; its row waits for an administrator at once."""


@dataclass(frozen=True)
class Job:
    """A named piece of work.

    `run(ctx, *args)` inside one transaction that also removes the outbox row: done exactly once. With
    `transaction=False` it is `run(app, *args)`: for work that talks to the network; it opens its own short
    transactions, may run again after a crash and must be idempotent. `args` are JSON values: ids, never rows.
    `retries` further tries follow a failure, each later than the one before. `limit`: seconds after which it is taken for
    hanging and given up, as a failure; None: as the site has it (`LLMIO_JOB_LIMIT`).
    """

    name: str
    run: Callable[..., object] = field(compare=False)
    queue: str = "default"
    retries: int = 8
    transaction: bool = True
    summary: str = ""
    limit: float | None = None

    def __call__(self, *args: Any) -> object:
        """Run it here and now (jobs calling jobs, tests)."""
        return self.run(*args)

    def delay_before(self, attempt: int) -> float:
        """Seconds to wait before try number `attempt` + 1: 5 s, 15 s, 45 s … at most 6 h."""
        return min(5.0 * 3.0 ** (attempt - 1), LONGEST_WAIT.total_seconds())


def _measured(name: str, queue: str, run: Callable[..., object]) -> Callable[..., object]:
    @wraps(run)
    def measured(*args: Any) -> object:
        began, outcome = time.perf_counter(), "failed"
        try:
            result = run(*args)
            outcome = "done"
            return result
        finally:
            measures.count("llmio_jobs", name, outcome)
            measures.time("llmio_job_seconds", queue, seconds=time.perf_counter() - began)

    return measured


def job(
    name: str, *, queue: str = "default", retries: int = 8, transaction: bool = True, limit: float | None = None
) -> Callable[[Callable[..., object]], Job]:
    """Make a function a job; its docstring is the summary shown to administrators."""
    if limit is not None and limit <= 0:
        raise ValueError("a limit is a number of seconds above 0")
    if queue not in QUEUES:
        raise ValueError(f"no queue {queue!r}")

    def made(run: Callable[..., object]) -> Job:
        summary = (run.__doc__ or "").strip().split("\n")[0]
        return Job(name, _measured(name, queue, run), queue, retries, transaction, summary, limit)

    return made


HOUR = 3600
DAY = 24 * HOUR
Every = int | Literal["month"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Schedule:
    """When a job is run without being asked.

    Every `every` seconds, counted from midnight UTC, or with `"month"` at midnight UTC of each month's first day. With
    `moments` the job is given two more arguments, `since` and `until`, as ISO 8601 text: the moment it served last and
    the one it serves now. What happens at local times looks at that stretch, so that a moment missed in a downtime is
    made up for.
    """

    job: Job
    every: Every
    args: tuple[Any, ...] = ()
    moments: bool = False

    def last(self, now: datetime) -> datetime:
        """The last moment up to now at which the job was to run."""
        if self.every == "month":
            return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        seconds = int((now - EPOCH).total_seconds())
        return EPOCH + timedelta(seconds=seconds - seconds % self.every)

    def next(self, now: datetime) -> datetime:
        """The first moment after now at which it is to run."""
        return self._after(self.last(now))

    def due(self, asked: datetime | None, now: datetime) -> bool:
        """Whether a moment came since the job was asked for; one never asked for is due at once."""
        return asked is None or asked < self.last(now)

    def arguments(self, asked: datetime | None, now: datetime) -> tuple[Any, ...]:
        """What the job is given now."""
        if not self.moments:
            return self.args
        until = self.last(now)
        since = self.last(asked) if asked else self.last(until - timedelta(microseconds=1))
        return (*self.args, since.isoformat(), until.isoformat())

    def _after(self, moment: datetime) -> datetime:
        if self.every == "month":
            return (moment + timedelta(days=32)).replace(day=1)
        return moment + timedelta(seconds=self.every)
