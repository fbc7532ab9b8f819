"""A site made of real processes, for tests that kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

from sqlalchemy import text
from sqlalchemy.engine import Engine

from llmio.core.app import App
from llmio.core.jobs import Job
from llmio.embedded.process import wait_until
from llmio.embedded.valkey import Valkey
from llmio.worker.queue import CeleryQueue
from tests.forked import Forked, mother

PATIENCE = 180.0
"""Seconds; a process takes ten to start where many run at once, and a minute on a machine that is busy with other things."""


@dataclass
class Site:
    """A database with real commits, a Valkey of its own, and what runs on them."""

    app: App
    url: str
    engine: Engine
    valkey: Valkey
    folder: Path
    running: list[subprocess.Popen | Forked] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    """What the processes are told besides."""

    def start(self, *command: str, **more: str) -> Forked:
        """Start the program of `tests/deeds.py`: `worker`, `beat` or an act."""
        with self._log_of(command[0]) as log:
            process = mother().start("tests.deeds", *command, env=self._told(more), log=log)
        self.running.append(process)
        return process

    def run(self, *command: str, **more: str) -> subprocess.Popen:
        """Start one of llmio's own commands: `serve`, `channels`, …"""
        words = [sys.executable, "-m", "llmio", *command]
        with self._log_of(command[0]) as log:
            process = subprocess.Popen(words, cwd=self.folder, env=self._told(more), stdout=log, stderr=log)
        self.running.append(process)
        return process

    def _log_of(self, name: str) -> IO[bytes]:
        return (self.folder / f"{name}.log").open("ab")

    def _told(self, more: dict[str, str]) -> dict[str, str]:
        return self.environment() | self.variables | more

    def environment(self) -> dict[str, str]:
        """What each process is told."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if key in ("PATH", "HOME", "LANG", "PYTHONPATH", "LLMIO_CACHE")
        }
        return kept | {
            "DATABASE_URL": self.url,
            "REDIS_URL": self.valkey.url(),
            "LLMIO_ENV": "testing",
            "LLMIO_DATA": str(self.folder),
            "SECRET_COOKIE_TOKEN": "testing-secret-of-at-least-32-characters",
            "LLMIO_WORKER_CONCURRENCY": "4",
        }

    def act(self, job: Job, *args: object, times: int = 1) -> None:
        """Enqueue a job as a request does, in this process."""
        with self.app.begin() as ctx:
            for _ in range(times):
                ctx.enqueue(job, *args)

    def notes(self) -> list[str]:
        """What job `test.note` wrote, in order."""
        with self.engine.connect() as connection:
            return list(connection.scalars(text("SELECT word FROM notes ORDER BY id")))

    def waiting(self, jobs: str = "%") -> int:
        """How many rows the outbox holds (of jobs like these: a worker that starts has a job of its own)."""
        return self.ask(f"SELECT count(*) FROM llmio.outbox WHERE job LIKE '{jobs}'")

    def ask(self, statement: str) -> object:
        """The first value of a statement."""
        with self.engine.connect() as connection:
            return connection.scalar(text(statement))

    def tell(self, statement: str) -> None:
        """Run a statement and commit it."""
        with self.engine.begin() as connection:
            connection.execute(text(statement))

    def log(self, name: str) -> str:
        """What a process wrote."""
        return (self.folder / f"{name}.log").read_text()

    def stop(self) -> None:
        """End all that runs."""
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()


@contextmanager
def site(committed_db, folder: Path):
    """A site; all its processes end with it."""
    valkey = Valkey(folder / "valkey", fast=True)
    valkey.start()
    app = committed_db.app
    before, app.ports.queue = app.ports.queue, CeleryQueue(valkey.url(), seconds=PATIENCE)
    made = Site(app, committed_db.url, committed_db.engine, valkey, folder)
    made.tell("CREATE TABLE notes (id bigserial PRIMARY KEY, word text)")
    try:
        yield made
    finally:
        app.ports.queue = before
        made.stop()
        valkey.remove()


def kill(process: subprocess.Popen | Forked) -> None:
    """As the kernel does when memory is short: no chance to say goodbye."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def until(condition, seconds: float = PATIENCE) -> None:
    """Go on once it holds."""
    assert wait_until(condition, seconds, every=0.03), f"still not: {getattr(condition, '__doc__', None) or condition}"


class Receiver:
    """An HTTP server that notes what it has taken whole; until `may_read` is set it accepts requests and reads nothing."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.began = threading.Event()
        self.may_read = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.began.set()
                receiver.may_read.wait(PATIENCE)
                length = int(self.headers["Content-Length"])
                try:
                    body = self.rfile.read(length)
                except OSError:
                    return
                if len(body) == length:  # else the sender died half way
                    receiver.taken.append(body[:100].decode().strip())
                    self.send_response(200)
                    self.end_headers()

            def log_message(self, *_args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_raised):
        self.may_read.set()
        self._server.shutdown()
        self._server.server_close()
