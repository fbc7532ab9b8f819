"""Which pool serves jobs that mostly wait: threads, gevent (where installed) and prefork, each with the hands of production."""

from __future__ import annotations

import importlib.util
import os
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench import memory
from bench.site import Site
from llmio.core.jobs import job

POOLS = ("threads", "gevent", "gevent-ahead", "prefork")
"""`gevent-ahead` takes four hints for each hand in advance: with one, its consumer sleeps two seconds whenever all hands are
full, since it has no loop that an acknowledgement wakes."""
COUNT = 600
SECONDS = 0.2
"""What a mail server or a chat takes to answer."""
PATIENCE = 180
TICK = os.sysconf("SC_CLK_TCK")


@job("bench.wait", transaction=False)
def wait(app: Any, number: int) -> None:
    """Wait as long as another site takes to answer; read and write as a delivery does."""
    with app.begin() as ctx:
        ctx.db.execute(text("SELECT 1"))
    time.sleep(SECONDS)
    with app.begin() as ctx:
        ctx.db.execute(text("SELECT 1"))


def measure(site: Site) -> list[dict[str, object]]:
    """Jobs a second, processor time for each job, memory at work; `ideal` is what twenty hands could do at most."""
    return [_one(site, pool) for pool in POOLS if "gevent" not in pool or importlib.util.find_spec("gevent")]


def lines(figures: list[dict[str, object]]) -> list[str]:
    """The figures for people."""
    found = [f"waiting jobs, 20 hands   {'jobs/s':>8}{'at most':>9}{'cpu ms/job':>12}{'MB':>7}{'processes':>11}"]
    return found + [
        f"  {one['pool']:<23}{one['rate']:>8}{one['ideal']:>9}{one['cpu_ms']:>12}{one['memory']:>7}{one['processes']:>11}"
        for one in figures
    ]


def _one(site: Site, pool: str) -> dict[str, object]:
    app = site.app()
    if wait.name not in app.jobs:
        app.add_jobs(wait)
    site.start("worker", pool, module="bench.pool_worker")
    try:
        _served(app, 40)  # warm: every hand has a connection
        root = site.processes["worker"].pid
        before = _processor(root)
        began = time.perf_counter()
        size = _served(app, COUNT, root)
        took = time.perf_counter() - began
        return {
            "pool": pool,
            "rate": round(COUNT / took, 1),
            "ideal": round(20 / SECONDS, 1),
            "cpu_ms": round(1000 * (_processor(root) - before) / COUNT, 2),
            "memory": size,
            "processes": len(memory.family(root)),
        }
    finally:
        site.end("worker", PATIENCE)  # twenty processes take their time


def _served(app: Any, count: int, root: int = 0) -> float:
    """Have so many done; the memory at half time."""
    with app.begin() as ctx:
        for number in range(count):
            ctx.enqueue(wait, number)
    until, size = time.perf_counter() + PATIENCE, 0.0
    while (left := _left(app)) and time.perf_counter() < until:
        if root and not size and left < count / 2:
            size = memory.size_of(root)
        time.sleep(0.05)
    if left:
        raise SystemExit(f"{left} jobs were not done in {PATIENCE} s")
    return size


def _left(app: Any) -> int:
    with app.connect() as connection:
        return int(
            connection.exec_driver_sql("SELECT count(*) FROM llmio.outbox WHERE job = 'bench.wait'").scalar_one()
        )


def _processor(root: int) -> float:
    """Seconds of processor that a process and its children have used."""
    used = 0
    for pid in memory.family(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        used += int(fields[11]) + int(fields[12])
    return used / TICK
