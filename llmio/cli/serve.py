"""`llmio serve`: the web server, Granian."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click

from llmio.embedded.ports import is_free
from llmio.embedded.process import follow_parent

if TYPE_CHECKING:
    from llmio.core.app import App

_made: list[Any] = []
"""The App and its WSGI application, made in the main process and inherited by the workers."""


def make(*, prepare: bool = False, demo: bool = False) -> None:
    """Make the application before the workers are forked: they share its memory, and start at once."""
    # Nothing made here is garbage, and looking for some takes a tenth of the time.
    gc.disable()
    from llmio import boot, web  # noqa: PLC0415  # slow
    from llmio.files import storages  # noqa: PLC0415  # slow

    if prepare:
        from llmio.migrations import commands  # noqa: PLC0415  # slow

        commands.upgrade(boot.read_settings().text("database.url"))
    app = boot.build()
    if prepare:
        _upgrade_plugins(app)
    if prepare and demo:
        _load_demo(app)
    storages.load(app)
    _made[:] = [app, web.assemble(app, warm=True)]
    # Set aside, so that the collector of no worker touches, and thereby copies, what all share.
    gc.freeze()
    gc.enable()


def _upgrade_plugins(app: App) -> None:
    """A plugin that fails is named in the log; the site comes up without its tables."""
    from llmio.plugins import migrate  # noqa: PLC0415  # slow

    for name, error in migrate.upgrade_all(app).items():
        click.echo(f"The tables of plugin {name} could not be brought up to date: {error}", err=True)


def _load_demo(app: App) -> None:
    """In a process of its own: whatever becomes of the demo, the site comes up."""
    from llmio.demo import is_unused  # noqa: PLC0415  # slow

    if is_unused(app):
        subprocess.run([sys.executable, "-P", "-m", "llmio", "demo"], check=False)


def application() -> Any:
    """The WSGI application, in a worker; the worker ends with the main process."""
    follow_parent(os.getppid())
    if not _made:  # not forked: a system without fork
        make()
    app, wsgi = _made
    # Connections made before the fork belong to the main process.
    app.engine.dispose(close=False)
    return wsgi


@click.command()
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    envvar="PORT",
    type=click.IntRange(1, 65535),
    default=3000,
    show_default=True,
    help="Port to listen on.",
)
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
@click.option("--prepare", is_flag=True, help="First bring the database up to date.")
@click.option("--demo", is_flag=True, help="With --prepare: load the demo where nobody has been yet.")
def serve(*, host: str, port: int, workers: int, threads: int, prepare: bool, demo: bool) -> None:
    """Run the web server until it is told to end."""
    # The server would share the port with another one that is there, silently.
    if not os.environ.get("LLMIO_SUPERVISED") and not is_free(port, host):
        message = f"Port {port} is taken: choose another one with PORT."
        raise click.ClickException(message)
    from granian import Granian  # noqa: PLC0415  # slow
    from granian.constants import Interfaces  # noqa: PLC0415  # slow

    if sys.platform == "linux":
        multiprocessing.set_start_method("fork")
    make(prepare=prepare, demo=demo)
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
