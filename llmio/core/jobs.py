"""Jobs: work done after the act, by name. The worker binds them to Celery; features never import it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

QUEUES: dict[str, int] = {"critical": 10, "high": 6, "default": 3, "low": 1, "mailers": 1}
"""Queue → its share of the work when all are full."""


class GiveUp(Exception):
    """Raised by a job that no further try can help; its row waits for an administrator at once."""


@dataclass(frozen=True)
class Job:
    """A named piece of work.

    `run(ctx, *args)` inside one transaction that also removes the outbox row: done exactly once. With
    `transaction=False` it is `run(app, *args)`: for work that talks to the network; it opens its own short
    transactions, may run again after a crash and must be idempotent. `args` are JSON values: ids, never rows.
    `retries` further tries follow a failure, each later than the one before.
    """

    name: str
    run: Callable[..., object] = field(compare=False)
    queue: str = "default"
    retries: int = 8
    transaction: bool = True
    summary: str = ""

    def __call__(self, *args: Any) -> object:
        """Run it here and now (jobs calling jobs, tests)."""
        return self.run(*args)

    def delay_before(self, attempt: int) -> float:
        """Seconds to wait before try number `attempt` + 1: 5 s, 15 s, 45 s … at most 6 h."""
        return min(5.0 * 3.0 ** (attempt - 1), 6 * 3600.0)


def job(
    name: str, *, queue: str = "default", retries: int = 8, transaction: bool = True
) -> Callable[[Callable[..., object]], Job]:
    """Make a function a job; its docstring is the summary shown to administrators."""
    if queue not in QUEUES:
        raise ValueError(f"no queue {queue!r}")

    def made(run: Callable[..., object]) -> Job:
        summary = (run.__doc__ or "").strip().split("\n")[0]
        return Job(name, run, queue, retries, transaction, summary)

    return made


@dataclass(frozen=True)
class Schedule:
    """When a job is run without being asked: every `every` seconds, counted from midnight UTC."""

    job: Job
    every: int
    args: tuple[Any, ...] = ()
