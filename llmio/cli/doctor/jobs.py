"""Worker, schedule and jobs, by the database's clock; and how far that is from this machine's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from llmio.cli.doctor.findings import Finding, found
from llmio.cli.doctor.site import Site

if TYPE_CHECKING:
    from llmio.core.processes import Process

# Imports of what is slow are made where they are needed.
# ruff: noqa: PLC0415

APART = 5.0
"""Seconds between two clocks."""
DEAD = "SELECT job, count(*), max(last_error) FROM llmio.outbox WHERE dead_at IS NOT NULL GROUP BY job ORDER BY 2 DESC"


def check(site: Site) -> Iterator[Finding]:
    """Signs of life, and what waits."""
    from llmio.core import heartbeats, outbox, processes
    from llmio.web.health import LATE

    with site.app.sessions() as db:
        now = _now(db)
        yield from _apart(processes.present(db))
        for name in (heartbeats.WORKER, heartbeats.SCHEDULE):
            last = heartbeats.last(db, name)
            if last is None:
                yield found(f"jobs.{name}", f"the {name} was never seen")
            elif (silent := (now - last).total_seconds()) > heartbeats.STALE:
                yield found(f"jobs.{name}", f"no sign of the {name} for {int(silent)} seconds")
        since = outbox.oldest(db, now)
        if since is not None and now - since > LATE:
            yield found("jobs.late", f"the oldest job has waited for {int((now - since).total_seconds())} seconds")
        dead = [(str(row[0]), int(row[1])) for row in db.execute(text(DEAD))]
        if dead:
            kinds = ", ".join(f"{count} × {job}" for job, count in dead[:5])
            yield found("jobs.dead", f"{sum(count for _job, count in dead)} jobs were given up: {kinds}")


def _apart(running: Sequence[Process]) -> Iterator[Finding]:
    """Whether all processes are of one version, which is ours, and were told the same."""
    from llmio import __version__

    other = [f"{one.name} is {one.version}" for one in running if one.version != __version__]
    if other:
        yield found("jobs.version", f"this is {__version__}, {', '.join(other[:5])}")
    for key in sorted({key for one in running for key in one.held}):
        said = {json.dumps(one.held.get(key)): one for one in running}
        if len(said) > 1:
            told = ", ".join(f"{one.name} {_held(one, key)}" for one in said.values())
            yield found("jobs.switches", f"{key}: {told}")


def _held(process: Process, key: str) -> str:
    held = process.held.get(key)
    return f"has {held['by']} = {held['value']}" if held else "was told nothing"


def clock(site: Site) -> Iterator[Finding]:
    """How far this machine is from the database; the time that asking takes is on both sides."""
    with site.app.sessions() as db:
        db.execute(text("SELECT 1"))  # connect first: that takes longest
        before = site.app.ports.clock.now()
        there = _now(db)
        after = site.app.ports.clock.now()
    apart = (there - (before + (after - before) / 2)).total_seconds()
    if abs(apart) > APART:
        yield found(
            "clock.apart", f"the database is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} this machine"
        )


def _now(db: Session) -> datetime:
    moment: datetime = db.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)
