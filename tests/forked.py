"""Processes of `tests.deeds` that need not import first: forked from one that has imported llmio, and has done nothing else.

Importing takes most of a start and is the same each time. What llmio's own commands start is started as an operator does.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

from llmio.embedded.process import follow_parent

ROOT = Path(__file__).parents[1]
MOST = 1 << 20
"""Bytes of a request."""


class Forked:
    """One of them, with what tests ask of `subprocess.Popen`."""

    def __init__(self, pid: int, args: list[str], ended: int) -> None:
        self.pid = pid
        self.args = args
        self.returncode: int | None = None
        self._ended = ended

    def poll(self) -> int | None:
        """Its exit code, minus the signal that ended it, or None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def send_signal(self, sign: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sign)

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], timeout)[0]:
            said = os.read(self._ended, 100)
            os.close(self._ended)
            self.returncode = int(said or -signal.SIGKILL)  # without a word: the one it was forked from is gone, too
        return self.returncode


class Mother:
    """The process that others are forked from."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            theirs.set_inheritable(True)
            words = [sys.executable, "-m", "tests.forked", str(theirs.fileno())]
            self._process = subprocess.Popen(words, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def start(self, module: str, *command: str, env: dict[str, str], log: IO[bytes]) -> Forked:
        """Have a new process run a module as `python -m` does."""
        reading, writing = os.pipe()
        try:
            asked = json.dumps({"module": module, "command": command, "env": env}).encode()
            socket.send_fds(self._socket, [asked], [log.fileno(), writing])
            pid = int(self._socket.recv(100))
        finally:
            os.close(writing)
        return Forked(pid, [module, *command], reading)

    def stop(self) -> None:
        """End it, and all that was forked from it."""
        self._socket.close()
        self._process.wait(30)


@cache
def mother() -> Mother:
    """That of this process of the tests."""
    made = Mother()
    atexit.register(made.stop)
    return made


def _import_all() -> None:
    import llmio
    from llmio import boot
    from llmio.plugins.discover import discover

    boot.features()
    left_out = ("cli", "embedded", "migrations", "testing", "web")
    for found in pkgutil.walk_packages(llmio.__path__, "llmio."):
        words = found.name.split(".")
        if words[1] not in left_out and not words[-1].endswith(("views", "main__")) and "views" not in words:
            importlib.import_module(found.name)
    for candidate in discover():
        importlib.import_module(candidate.entry.module)
    for name in ("celery.concurrency.thread", "celery.worker", "celery.worker.consumer", "kombu.transport.redis"):
        importlib.import_module(name)
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    gc.collect()
    gc.freeze()


def _serve(asked: socket.socket) -> tuple[str, list[str]] | None:
    """Fork whatever is asked for: gives each child what it is to run, and the one they come from nothing, in the end."""
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking)
    born: dict[int, int] = {}
    while True:
        ready = select.select([asked, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 1000)
            _tell_who_ended(born)
        if asked in ready:
            message, files, _flags, _address = socket.recv_fds(asked, MOST, 2)
            if not message:
                return None
            parent, pid = os.getpid(), os.fork()
            if not pid:
                return _begin(json.loads(message), files[0], parent)
            os.close(files[0])
            born[pid] = files[1]
            asked.send(str(pid).encode())


def _tell_who_ended(born: dict[int, int]) -> None:
    for pid in list(born):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            telling = born.pop(pid)
            with suppress(BrokenPipeError):  # nobody wants to know any more
                os.write(telling, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(telling)


def _begin(asked: dict[str, Any], log: int, parent: int) -> tuple[str, list[str]]:
    """Be as a process that was started anew."""
    follow_parent(parent, signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, MOST)
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    module, words = asked["module"], asked["command"]
    sys.orig_argv[:] = [sys.executable, "-m", module, *words]
    return module, [module, *words]


if __name__ == "__main__":
    _import_all()
    todo = _serve(socket.socket(fileno=int(sys.argv[1])))
    if todo:
        sys.argv[:] = todo[1]
        runpy.run_module(todo[0], run_name="__main__", alter_sys=True)
