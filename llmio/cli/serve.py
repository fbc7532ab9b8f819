"""`llmio serve`: the web server, Granian."""

from __future__ import annotations

import os
import signal
from typing import Any

import click

from llmio.embedded.ports import is_free
from llmio.embedded.process import follow_parent


def application() -> Any:
    """The WSGI application in a worker of the web server, which ends with the server's main process."""
    from llmio import wsgi  # noqa: PLC0415  # slow, and only the workers need it

    follow_parent(os.getppid(), signal.SIGTERM)
    return wsgi()


@click.command()
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", envvar="PORT", type=click.IntRange(1, 65535), default=3000, show_default=True)
@click.option(
    "--workers",
    envvar=["WEB_CONCURRENCY", "PUMA_WORKERS"],
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Processes.",
)
@click.option(
    "--threads",
    envvar=["RAILS_MAX_THREADS", "MAX_THREADS"],
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Threads of each process.",
)
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Run the web server until it is told to end."""
    # The server would share the port with another one that is there, silently.
    if not os.environ.get("LLMIO_SUPERVISED") and not is_free(port, host):
        message = f"Port {port} is taken: choose another one with PORT."
        raise click.ClickException(message)
    from granian import Granian  # noqa: PLC0415  # slow
    from granian.constants import Interfaces  # noqa: PLC0415  # slow

    Granian(
        "llmio.cli.serve:application",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        backlog=1024,
        respawn_failed_workers=True,
        workers_kill_timeout=8,
    ).serve()
