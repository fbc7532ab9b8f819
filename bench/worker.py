"""The worker as `llmio worker` runs it, with the job of the measurement beside its own."""

from __future__ import annotations

from bench.jobs import nothing
from llmio import boot
from llmio.core.db import engine_for
from llmio.worker import main


def build_and_work() -> None:
    """Run until told to end."""
    settings = boot.read_settings()
    app = boot.build(engine=engine_for(settings["database.url"], **main.pool_for(main.hands_of(settings))))
    app.add_jobs(nothing)
    main.work(app)


if __name__ == "__main__":
    build_and_work()
