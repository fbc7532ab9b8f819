"""`llmio worker`: carries out jobs."""

from __future__ import annotations

import click


@click.command()
@click.option("--with-schedule", is_flag=True, help="Do what `llmio beat` does, too; saves its memory.")
def worker(*, with_schedule: bool) -> None:
    """Carry out jobs until told to end; running jobs are finished first.

    Any number of workers may run. LLMIO_WORKER_CONCURRENCY says how many jobs each does at a time.
    """
    from llmio.worker.main import run  # noqa: PLC0415  # slow

    run(with_schedule=with_schedule)
