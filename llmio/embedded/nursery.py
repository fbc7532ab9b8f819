"""llmio's own processes as forks of one that has loaded what they have in common: its memory is there once (Linux)."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from setproctitle import setproctitle

from llmio.core import collector

from .process import follow_parent, open_own, quoted, spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .process import Ending

FORKING = sys.platform == "linux"
"""Elsewhere each process is started by itself: the systems' own libraries do not bear to be forked, or there is no fork."""
M_ARENA_MAX = -8
HANDLED = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Nursery:
    """Loads what the processes have in common, beside other work; then it is their parent.

    What `load` raises is left to the process that needs it, which says what is wrong.
    """

    def __init__(self, load: Callable[[], None] | None, *, mark: str) -> None:
        self.load = load
        self.mark = mark
        """A word of each child's title, by which a later run finds what was left behind."""
        self._loading: threading.Thread | None = None

    def begin(self) -> None:
        """Begin to load."""
        if FORKING and self.load is not None:
            self._loading = threading.Thread(target=self._load, name="nursery", daemon=True)
            self._loading.start()

    def _load(self) -> None:
        with collector.resting(), suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self.load is not None:
                self.load()

    def ready(self) -> None:
        """Wait until all is loaded, and the last thread but ours has ended, as must be before a fork."""
        if self._loading is not None:
            self._loading.join()
            self._loading = None
            # Set aside, so that no child's collector touches, and thereby copies, what all share.
            collector.set_aside()

    def start(self, words: Sequence[str], *, log: Path, env: Mapping[str, str]) -> Ending:
        """A process that carries out `llmio` with these words, in a session, an environment and a log of its own."""
        if not FORKING:
            return spawn([sys.executable, "-P", "-m", "llmio", *words], log=log, env=env, cwd=Path.cwd())
        self.ready()
        parent, ours = os.getpid(), open_files()

        def become() -> None:
            os.setsid()
            follow_parent(parent)
            signal.set_wakeup_fd(-1)
            for sign in HANDLED:
                signal.signal(sign, signal.default_int_handler if sign == signal.SIGINT else signal.SIG_DFL)
            let_go(ours)
            _write_to(log)
            # Before the environment is another one: by the old one it finds where the title is kept.
            setproctitle(f"llmio {' '.join(words)} {quoted(self.mark)}")
            os.environ.clear()
            os.environ.update(env)
            arenas = env.get("MALLOC_ARENA_MAX", "")
            if arenas.isdigit():  # the C library reads it only when a program begins
                ctypes.CDLL(None).mallopt(M_ARENA_MAX, int(arenas))
            sys.orig_argv = [sys.executable, "-P", "-m", "llmio", *words]
            sys.argv = ["llmio", *words]
            import_module("llmio.cli").main(list(words))

        process = multiprocessing.get_context("fork").Process(target=become)
        process.start()
        return Child(process)


def open_files() -> list[int]:
    """What this process has open now, apart from its three streams."""
    found = []
    for fd in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        with suppress(OSError):  # the one with which was looked
            os.fstat(fd)
            found.append(fd)
    return [fd for fd in found if fd > 2]


def let_go(files: list[int]) -> None:
    """In a child: give up what is the parent's alone; above all its locks, which would outlive it.

    The numbers lead nowhere from now on: an object of the parent that is done away with in the child closes nothing else.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in files:
        os.dup2(nowhere, fd, inheritable=False)
    os.close(nowhere)


def _write_to(log: Path) -> None:
    """What is printed from now on goes into the log, line by line."""
    with open_own(log) as output:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), stream.fileno())
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a text stream


class Child:
    """A fork, handled as `subprocess.Popen` is."""

    def __init__(self, process: multiprocessing.process.BaseProcess) -> None:
        self._process = process
        self.pid: int = process.pid or 0

    def poll(self) -> int | None:
        """Exit code; minus the signal that ended it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended; raises subprocess.TimeoutExpired after so many seconds."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(f"llmio (process {self.pid})", timeout or 0.0)
        return code

    def send_signal(self, sign: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sign)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)
