"""What the processes of `tests.processes.Site` run: a site with a few jobs whose effects can be counted.

`python -m tests.deeds worker | beat | die`
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

from sqlalchemy import text

from llmio import boot
from llmio.core import outbox
from llmio.core.app import App
from llmio.core.db import engine_for
from llmio.core.jobs import QUEUES, Job, job
from llmio.integrations.http import GuardedHttp, Times
from llmio.worker import main, watch

BIG = 16_000_000
"""Bytes of a request: more than the kernel keeps for a receiver that does not read."""


@job("test.note", queue="high")
def note(ctx, word):
    """Write a word down."""
    ctx.db.execute(text("INSERT INTO notes (word) VALUES (:word)"), {"word": word})


@job("test.post", queue="mailers", transaction=False)
def post(app, url, word):
    """Send a word somewhere."""
    with urlopen(Request(url, data=word.encode().ljust(BIG)), timeout=60) as answer:
        assert answer.status == 200


@job("test.wait", queue="default", transaction=False)
def wait(app, path):
    """Write down that it began, and go on once there is a file."""
    from llmio.embedded.process import wait_until

    with app.begin() as ctx:
        note.run(ctx, "began")
    wait_until(lambda: Path(path).exists(), 300)
    with app.begin() as ctx:
        note.run(ctx, "ended")


@job("test.poison", queue="high", retries=0)
def poison(ctx):
    """Fail, always."""
    raise ValueError("poison")


@job("test.poison_outside", queue="high", retries=0, transaction=False)
def poison_outside(app, word):
    """Fail, always, outside transactions, with words that cannot be kept."""
    raise ValueError(f"{word} \0")


@job("test.exits", queue="high", retries=0)
def exits(ctx):
    """Try to end the process."""
    sys.exit(3)


@job("test.kills", queue="high", retries=2, transaction=False)
def kills(app):
    """Have the process killed, as for taking all memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@job("test.freezes", queue="high", retries=0, transaction=False)
def freezes(app):
    """Let no other thread run, for days."""
    re.match(r"(a+)+$", "a" * 50 + "b")


@job("test.hangs", queue="high", retries=0, transaction=False, limit=1)
def hangs(app, word):
    """Never come back."""
    with app.begin() as ctx:
        note.run(ctx, f"{word} began")
    threading.Event().wait()


@job("test.hangs_inside", queue="high", retries=0, limit=1)
def hangs_inside(ctx, word):
    """Never come back, in the midst of a transaction."""
    note.run(ctx, word)
    ctx.db.flush()
    threading.Event().wait()


@job("test.comes_late", queue="high", retries=0, limit=0.5)
def comes_late(ctx, path):
    """Go on once there is a file, long after it was given up."""
    note.run(ctx, "too late")
    threading.Event().wait(1)
    while not Path(path).exists():
        threading.Event().wait(0.05)


def noted_on(queue: str) -> Job:
    """A job on a queue that writes the queue's name down."""

    def run(ctx):
        note.run(ctx, queue)

    return Job(f"test.on.{queue}", run, queue)


ON = {queue: noted_on(queue) for queue in QUEUES}


class DeadlyQueue:
    """Kills the process when it is asked to carry the hint: between the commit and the kick."""

    def kick(self, rows):
        os.kill(os.getpid(), signal.SIGKILL)


def build() -> App:
    # What lost its hint is looked for after five seconds; here nobody waits so long.
    outbox.due = partial(outbox.due, grace=timedelta(seconds=1))
    watch.FROZEN = float(os.environ.get("TEST_FROZEN", watch.FROZEN))
    url = os.environ["DATABASE_URL"]
    app = boot.build(engine=engine_for(url, **main.pool_for(int(os.environ["LLMIO_WORKER_CONCURRENCY"]))))
    app.add_jobs(
        note, post, wait, poison, poison_outside, exits, kills, freezes, hangs, hangs_inside, comes_late, *ON.values()
    )
    if seconds := float(os.environ.get("TEST_REQUESTS_HANG", "0")):
        app.ports.http = GuardedHttp(app.settings, times=Times(read=seconds, whole=seconds))
    if os.environ.get("TEST_SCHEDULE"):
        app.add_schedule(tick, every=int(os.environ["TEST_SCHEDULE"]))
        app.add_jobs(tick)
    return app


@job("test.tick")
def tick(ctx):
    """Write down that the clock struck."""
    note.run(ctx, "tick")


def die(app: App) -> None:
    """Act, and be killed between the commit and the hint."""
    app.ports.queue = DeadlyQueue()
    with app.begin() as ctx:
        ctx.enqueue(note, "orphan")


if __name__ == "__main__":
    {"worker": main.work, "beat": main.act_as_schedule, "die": die}[sys.argv[1]](build())
