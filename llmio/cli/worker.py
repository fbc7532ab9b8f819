"""`llmio worker`: carries out jobs."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click


@click.command()
@click.option("--with-schedule", is_flag=True, help="Do what `llmio beat` does, too; saves its memory.")
@click.option("--with-mailsink", is_flag=True, help="Be `llmio mailsink`, too, at SMTP_PORT; likewise.")
def worker(*, with_schedule: bool, with_mailsink: bool) -> None:
    """Carry out jobs until told to end; running jobs are finished first.

    Any number of workers may run. LLMIO_WORKER_CONCURRENCY says how many jobs each does at a time.
    """
    from llmio.worker.main import run  # noqa: PLC0415  # slow

    with _mailsink() if with_mailsink else nullcontext():
        run(with_schedule=with_schedule)


def _mailsink() -> AbstractContextManager[None]:
    from llmio.cli.mailsink import FOLDER, PORT, keeping  # noqa: PLC0415  # slow

    port, folder = os.environ.get("SMTP_PORT") or PORT, os.environ.get("LLMIO_DEV_MAIL") or FOLDER
    return keeping("127.0.0.1", int(port), Path(folder))
