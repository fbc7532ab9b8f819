"""What `llmio worker` and `llmio beat` run."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from llmio.core import collector, heartbeats, logs, reports
from llmio.core.db import engine_for
from llmio.core.errors import Unavailable
from llmio.core.measures import measures
from llmio.worker import relay, schedule
from llmio.worker import watch as watching
from llmio.worker.hands import Hands
from llmio.worker.loop import Loop
from llmio.worker.notebook import Notebook
from llmio.worker.queue import CeleryQueue, queue_url
from llmio.worker.renewal import Renewal
from llmio.worker.rest import SECONDS, Rest
from llmio.worker.watch import Watch

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.settings import Settings

log = logging.getLogger(__name__)


def run(ini: Mapping[str, str] | None = None, *, with_schedule: bool = False) -> None:
    """Build the App and work until SIGTERM or SIGINT; running jobs are finished first."""
    from llmio import boot  # noqa: PLC0415  # slow

    settings = boot.read_settings(ini)
    url = settings.text("database.url")
    engine = engine_for(url, **pool_for(hands_of(settings))) if url else None
    work(boot.build(ini, engine=engine), with_schedule=with_schedule)


def hands_of(settings: Settings) -> int:
    """How many jobs a worker does at a time."""
    return int(settings["worker.concurrency"] or (5 if settings["llmio.env"] == "development" else 20))


def pool_for(hands: int) -> dict[str, int]:
    """Connections for so many hands: a job outside transactions holds one for its lock while it uses a second one."""
    return {"pool_size": hands, "max_overflow": hands + 2 * relay.HANDS + 2}


def work(app: App, *, with_schedule: bool = False, pool: str = "threads") -> None:
    """Be a worker: consume hints, relay rows, show signs of life; on request be the schedule, too."""
    with collector.resting():
        from llmio.worker import celery  # noqa: PLC0415  # slow, and `llmio beat` does without

    _log(app)
    if not queue_url(app.settings):
        raise Unavailable("REDIS_URL is not set: the worker needs Valkey or Redis")
    app.follower.begin("worker")
    hands = hands_of(app.settings)
    limited = Hands(app)
    rest = Rest(app, limited.run)
    notebook = Notebook(app, rest.run)
    renewal = Renewal(hands, stop=celery.stop, close=notebook.close)
    limited.lost = renewal.lost
    notebook.open()
    watch = Watch(notebook.trace)
    watch.begin()
    with app.begin() as ctx:
        ctx.enqueue(app.jobs["notifications.resume_parked"], True)  # noqa: FBT003  # arguments of jobs have no names
    measures.follow(app.redis, "worker")
    sweeping = relay.Relay(app, CeleryQueue(queue_url(app.settings)), run_row=notebook.run)
    loops = [
        Loop("relay", sweeping.step, relay.SECONDS),
        Loop("heartbeat", lambda: _beat(app), heartbeats.EVERY),
        Loop("watch", watch.step, watching.SECONDS),
        Loop("rest", rest.look, SECONDS / 4),
    ]
    if with_schedule:
        loops.append(Loop("schedule", lambda: _ask(app), schedule.SECONDS))
    for loop in loops:
        loop.start()
    log.info("worker: %s jobs at a time", hands)
    collector.set_aside()
    try:
        celery.consume(celery.make(app, notebook.run), hands, pool=pool, asked_to_end=renewal.call_off)
    finally:
        sweeping.stop()
        for loop in loops:
            loop.stop()
        watch.end()
        notebook.close()
    renewal.begin_anew()


def run_schedule(ini: Mapping[str, str] | None = None) -> None:
    """Build the App and act as the schedule until SIGTERM or SIGINT."""
    from llmio import boot  # noqa: PLC0415  # slow

    act_as_schedule(boot.build(ini))


def act_as_schedule(app: App) -> None:
    """Be a schedule: write the rows of scheduled jobs, and hint rows while no worker does."""
    _log(app)
    app.follower.begin("schedule")
    stopped = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopped.set())
    loops = [Loop("schedule", lambda: _ask(app), schedule.SECONDS)]
    if queue_url(app.settings):
        sweeping = relay.Relay(app, CeleryQueue(queue_url(app.settings)), hands=0)
        loops.append(Loop("relay", sweeping.step, relay.SECONDS))
    for loop in loops:
        loop.start()
    log.info("schedule: %s jobs, process %s", len(app.schedules), os.getpid())
    stopped.wait()
    for loop in loops:
        loop.stop()


def _ask(app: App) -> None:
    for name in schedule.step(app):
        log.info("asked for %s", name)


def _beat(app: App) -> None:
    with app.begin() as ctx:
        heartbeats.beat(ctx.db, heartbeats.WORKER, ctx.now)


def _log(app: App) -> None:
    logs.begin(app.settings, "worker")
    reports.begin(app.settings, "worker")
    for name in ("kombu", "celery"):
        logging.getLogger(name).setLevel(logging.WARNING)
