"""`llmio beat`: the schedule."""

from __future__ import annotations

import click


@click.command()
def beat() -> None:
    """Ask for the jobs that come round by the clock, until told to end. One is enough; two do no harm."""
    from llmio.worker.main import run_schedule  # noqa: PLC0415  # slow

    run_schedule()
