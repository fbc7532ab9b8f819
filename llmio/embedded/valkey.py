"""One embedded Valkey (or Redis) server."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from . import EmbeddedError
from .binaries import valkey_server
from .ports import free_port
from .process import end, end_all, spawn, tail, wait_until, working_in

START_SECONDS = 30.0
ATTEMPTS = 5


class Valkey:
    """A server on a free port of the loopback interface, behind a random password.

    A port and not a Unix socket, because Celery and redis-py do not agree how the URL of a socket is written. `fast`
    keeps nothing on disk: for tests. The server stops by itself when the thread that started it ends.
    """

    def __init__(self, data: Path, *, fast: bool = False) -> None:
        self.data = data.absolute()
        self.fast = fast
        self.port = 0
        self.password = secrets.token_urlsafe(24)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether the server that we started is still there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Process id of the server."""
        return self._process.pid if self._process is not None else None

    @property
    def log(self) -> Path:
        """Where the server writes what happens to it."""
        return self.data / "valkey.log"

    def start(self) -> None:
        """Start and wait until the server answers; the port stays the same when started again."""
        if self.alive:
            return
        program = valkey_server()
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        end_all(lambda: working_in(self.data.resolve()), (signal.SIGTERM, 10), (signal.SIGKILL, 5))
        chosen = self.port
        for _ in range(ATTEMPTS):
            self.port = chosen or free_port()
            self._launch(program)
            if wait_until(lambda: self._answers() or not self.alive, START_SECONDS) and self.alive:
                return
            self.stop()
            if "already in use" not in tail(self.log):
                break
        message = f"Valkey does not start:\n{tail(self.log)}\n(all of it: {self.log})"
        raise EmbeddedError(message)

    def stop(self) -> None:
        """Shut down; does nothing when it is down."""
        if self._process is not None:
            end(self._process, (signal.SIGTERM, 10), (signal.SIGKILL, 5))
            self._process = None

    def remove(self) -> None:
        """Stop and delete all data."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def url(self, database: int = 0) -> str:
        """URL for redis-py and Celery alike."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def _launch(self, program: Path) -> None:
        keep = ["appendonly no"] if self.fast else ["appendonly yes", "appendfsync everysec"]
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            "daemonize no",
            "dir ./",
            'save ""',
            "maxmemory-policy noeviction",
            *keep,
        ]
        # In a file that only we may read, because everybody sees command lines.
        config = self.data / "valkey.conf"
        config.unlink(missing_ok=True)
        with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        self._process = spawn([str(program), config.name], log=self.log, env=environment, cwd=self.data)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := connection.recv(200)):
                    answer += part
        except OSError:
            return False
        return answer.endswith(b"+PONG\r\n")
