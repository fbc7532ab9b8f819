"""Jobs a second: outbox and worker beside a bare Celery task that does as little."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from celery import Celery
from sqlalchemy import text

from bench.site import Site
from llmio.core.jobs import job

COUNT = 2000
PATIENCE = 120


@job("bench.nothing")
def nothing(ctx: Any, number: int) -> None:
    """Do as little as a job can: one statement."""
    ctx.db.execute(text("SELECT 1"))


def bare_app(url: str) -> Celery:
    """A Celery app with one task that counts."""
    app = Celery("bench", broker=url)
    app.conf.update(
        task_serializer="json", accept_content=["json"], task_ignore_result=True, task_acks_late=True,
        worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True, task_default_queue="bench",
    )  # fmt: skip
    app.task(name="bench.count")(_count)
    return app


def _count() -> None:
    import redis  # noqa: PLC0415  # in the worker alone

    redis.Redis.from_url(os.environ["REDIS_URL"]).incr("bench:count")


def measure(site: Site) -> dict[str, float]:
    """Both, one after the other."""
    outbox = _outbox(site)
    bare = _bare(site)
    return {"outbox": outbox, "bare": bare, "ratio": outbox / bare if bare else 0.0}


def lines(made: dict[str, float]) -> list[str]:
    """The figures for people."""
    ours, bare, ratio = made["outbox"], made["bare"], made["ratio"]
    return [f"jobs: {ours:.0f} a second through outbox and worker; bare Celery task {bare:.0f}; ratio {ratio:.2f}"]


def _outbox(site: Site) -> float:
    app = site.app()
    if nothing.name not in app.jobs:
        app.add_jobs(nothing)
    with app.begin() as ctx:
        ctx.db.execute(text("DELETE FROM llmio.outbox"))
        for number in range(COUNT):
            ctx.enqueue(nothing, number)
    site.start("worker", "worker", module="bench.worker")
    waiting = "SELECT count(*) FROM llmio.outbox WHERE job = 'bench.nothing'"
    return _drained(lambda: _scalar(app, waiting))


def _scalar(app: Any, statement: str) -> int:
    with app.connect() as connection:
        return int(connection.exec_driver_sql(statement).scalar_one())


def _bare(site: Site) -> float:
    import redis  # noqa: PLC0415  # slow

    client = redis.Redis.from_url(site.valkey.url())
    client.delete("bench:count")
    app = bare_app(site.valkey.url())
    for _number in range(COUNT):
        app.send_task("bench.count", queue="bench")
    environment = site.environment()
    command = ["-m", "celery", "-A", "bench.bare_celery", "worker", "-P", "threads", "-c", "5", "-Q", "bench", "-l", "ERROR",
               "--without-gossip", "--without-mingle", "--without-heartbeat"]  # fmt: skip
    with (site.folder / "bare.log").open("wb") as log:
        worker = subprocess.Popen([sys.executable, *command], env=environment, stdout=log, stderr=log)
    try:
        return _drained(lambda: COUNT - int(client.get("bench:count") or 0))  # type: ignore[arg-type]
    finally:
        worker.terminate()
        worker.wait(20)


def _drained(left: Any) -> float:
    """Jobs a second from the first that was done to the last."""
    until = time.perf_counter() + PATIENCE
    while left() >= COUNT and time.perf_counter() < until:
        time.sleep(0.01)
    began, had = time.perf_counter(), left()
    while (now := left()) > 0 and time.perf_counter() < until:
        time.sleep(0.02)
    return float(had - now) / (time.perf_counter() - began)
