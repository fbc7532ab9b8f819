"""`llmio serve`: the web server, Granian."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from setproctitle import getproctitle

from llmio.core import collector, logs, reports
from llmio.core.measures import measures
from llmio.embedded.ports import is_free
from llmio.embedded.process import follow_parent

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.web.draining import Draining

AS_OURS = {"loggers": {"_granian": {"handlers": [], "propagate": True}}}
"""What the server says goes into our log, in its form."""
M_MMAP_THRESHOLD, LARGE_BLOCK = -3, 1 << 18
_made: list[Any] = []
"""The App and its WSGI application, made in the main process and inherited by the workers."""
_end: dict[str, Any] = {}
"""How the end goes, likewise: `port`, `seconds`, and `told`, a pipe into which each worker writes when it is drained."""
KILL_SECONDS = 3
"""Given to a worker that has been drained and still does not end."""


@collector.resting()
def make(*, prepare: bool = False, demo: bool = False) -> None:
    """Make the application before the workers are forked: they share its memory, and start at once."""
    give_back_large_blocks()
    from llmio import boot, web  # noqa: PLC0415  # slow
    from llmio.files import storages  # noqa: PLC0415  # slow
    from llmio.web import health  # noqa: PLC0415  # slow

    if prepare:
        from llmio.migrations import commands  # noqa: PLC0415  # slow

        commands.upgrade(boot.read_settings().text("database.url"))
    app = boot.build()
    logs.begin(app.settings, "web")
    reports.begin(app.settings, "web")
    if prepare:
        _upgrade_plugins(app)
    if prepare and demo:
        _load_demo(app)
    storages.load(app)
    _made[:] = [app, web.assemble(app, warm=True)]
    health.wanted()  # once, for all workers: reading the migrations leaves 6 MB
    app.engine.dispose()  # only workers ask; what is left of preparing holds up to 9 MB of the database server
    # Set aside, so that the collector of no worker touches, and thereby copies, what all share.
    collector.set_aside()


def give_back_large_blocks() -> None:
    """Have the C library ask the system for each large block by itself, and give it back when it is free.

    It would otherwise learn from the first parts of a large file to keep such blocks, some 15 MB in each process. Source:
    https://man7.org/linux/man-pages/man3/mallopt.3.html. Other C libraries than GNU's know no `mallopt`, or need none.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)


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


def _drain(draining: Draining) -> None:
    """In a worker: take nothing new, finish what is under way, tell the main process."""
    try:
        draining.drain(_end["port"], _end["seconds"])
    finally:
        os.write(_end["told"][1], b".")


def _server() -> Any:
    """Granian, which would reset connections that wait to be accepted: its workers are drained before it is told to end."""
    from granian import Granian  # noqa: PLC0415  # slow

    class Server(Granian):  # type: ignore[misc,valid-type]  # it is one of two classes
        """Told to end a second time, or by Ctrl-C, it ends at once."""

        ending = False

        def signal_handler_interrupt(self, sign: int = 0, *_frame: object, **_more: object) -> None:
            """Begin to end."""
            if self.ending or sign != signal.SIGTERM:
                super().signal_handler_interrupt()
                return
            self.ending = True
            threading.Thread(target=self._end, daemon=True).start()

        def _end(self) -> None:
            waited_for = 0
            for worker in self.wrks:
                worker.interrupt_by_parent = True  # or it would be started again
                with suppress(ProcessLookupError):
                    os.kill(worker.inner.pid, signal.SIGUSR1)
                    waited_for += 1
            until = time.monotonic() + _end["seconds"] + 1
            while waited_for and time.monotonic() < until and any(one.is_alive() for one in self.wrks):
                if select.select([_end["told"][0]], [], [], 0.1)[0]:
                    waited_for -= len(os.read(_end["told"][0], waited_for))
            super().signal_handler_interrupt()

    return Server


def application() -> Any:
    """The WSGI application, in a worker; the worker ends with the main process."""
    follow_parent(os.getppid())
    if not _made:  # not forked: a system without fork
        make()
    app, wsgi = _made
    # Connections made before the fork belong to the main process.
    app.engine.dispose(close=False)
    app.follower.begin("web")
    measures.follow(app.redis, "web")
    from llmio.web.draining import Draining  # noqa: PLC0415  # slow

    draining = Draining(wsgi)
    signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=_drain, args=(draining,)).start())
    return draining


@click.command()
@click.option("--host", help="Address to listen on; else HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; else PORT, else 3000.")
@click.option("--workers", type=click.IntRange(1), help="Processes; else WEB_CONCURRENCY, else 2.")
@click.option("--threads", type=click.IntRange(1), help="Threads of each process; else RAILS_MAX_THREADS, else 3.")
@click.option(
    "--stop-seconds",
    type=click.IntRange(0),
    help="When told to end: seconds given to the requests that are under way; else LLMIO_STOP_SECONDS, else 30.",
)
@click.option("--prepare", is_flag=True, help="First bring the database up to date.")
@click.option("--demo", is_flag=True, help="With --prepare: load the demo where nobody has been yet.")
def serve(
    *,
    host: str | None,
    port: int | None,
    workers: int | None,
    threads: int | None,
    stop_seconds: int | None,
    prepare: bool,
    demo: bool,
) -> None:
    """Run the web server until it is told to end; requests that are under way are finished first."""
    from llmio import boot  # noqa: PLC0415  # slow

    settings = boot.read_settings()
    host, port = host or settings.text("web.host"), port or settings.number("site.port_listen")
    # The server would share the port with another one that is there, silently.
    if not os.environ.get("LLMIO_SUPERVISED") and not is_free(port, host):
        message = f"Port {port} is taken: choose another one with PORT."
        raise click.ClickException(message)
    from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415  # slow
    from granian.log import LogLevels  # noqa: PLC0415  # slow

    if sys.platform == "linux":
        multiprocessing.set_start_method("fork", force=True)
    make(prepare=prepare, demo=demo)
    seconds = settings.number("server.stop_seconds") if stop_seconds is None else stop_seconds
    _end.update(port=port, seconds=seconds, told=os.pipe())
    _server()(
        "llmio.cli.serve:application",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # what is behind a proxy needs no other; a guess of the version is not waited for at the end
        workers=workers or processes(settings["web.workers"]),
        blocking_threads=threads or settings.number("web.threads"),
        backlog=1024,
        process_name=getproctitle(),  # it would take one of its own
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
        log_level=LogLevels(logs.level(settings)),
        log_dictconfig=AS_OURS,
    ).serve()


def processes(wanted: int | str) -> int:
    """How many processes; `auto` is one for each processor that we may use."""
    return len(os.sched_getaffinity(0)) if wanted == "auto" else max(1, int(wanted))
