"""The worker with another pool: `python -m bench.pool_worker threads|gevent|gevent-ahead|prefork`."""

from __future__ import annotations

import sys
from typing import Any

POOL = sys.argv[1] if __name__ == "__main__" else "threads"
if POOL.startswith("gevent"):
    from gevent import monkey

    monkey.patch_all()

from celery import Celery  # noqa: E402  # after the patch
from celery.signals import worker_process_init  # noqa: E402

from bench.pools import wait  # noqa: E402
from llmio import boot  # noqa: E402
from llmio.core.app import App  # noqa: E402
from llmio.core.db import engine_for  # noqa: E402
from llmio.worker import celery, main  # noqa: E402


def build_and_work() -> None:
    """Run until told to end."""
    settings = boot.read_settings()
    app = boot.build(engine=engine_for(settings["database.url"], **main.pool_for(main.hands_of(settings))))
    app.add_jobs(wait)

    @worker_process_init.connect(weak=False)
    def forked(**_how: object) -> None:
        """A child must not use its parent's connections."""
        app.engine.dispose(close=False)

    if POOL == "gevent-ahead":
        made = celery.make

        def make(app: App, run_row: Any = None) -> Celery:
            found = made(app, run_row)
            found.conf.worker_prefetch_multiplier = 4
            return found

        celery.make = make
    main.work(app, pool=POOL.partition("-")[0])


if __name__ == "__main__":
    build_and_work()
