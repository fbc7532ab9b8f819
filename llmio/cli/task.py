"""`llmio task`: what a container of the image runs."""

from __future__ import annotations

import os
import sys
from typing import Final

import click

TASKS: Final = {
    "web": ("serve", "--prepare"),
    "worker": ("worker", "--with-schedule"),
    "channels": ("channels",),
    "hocuspocus": ("hocuspocus", "--port", "5000"),
    "smtp": ("smtp",),
}
"""The command of each role; the names `worker` and `hocuspocus` are those of the reference's image."""


@click.command()
@click.option(
    "--role",
    envvar="TASK",
    type=click.Choice(list(TASKS)),
    default="web",
    show_default=True,
    help="Which process to be (also: TASK).",
)
def task(role: str) -> None:
    """Be the process that TASK names: the web server where it names none. Made for containers."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", "llmio", *TASKS[role]])  # noqa: S606  # the command is ours
