"""Starting and ending processes so that none outlives the one that asked for it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .account import Account

PR_SET_PDEATHSIG = 1
LONGEST_PAUSE = 0.25
"""Seconds between two costly questions."""
# Loaded here and not in the child: between fork and exec nothing may import.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    account: Account | None = None,
    when_parent_dies: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own; the kernel signals it when the thread that called this ends (Linux)."""
    parent = os.getpid()
    with open_own(log) as output:
        return subprocess.Popen(  # noqa: S603  # the command is ours
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            # Runs after setuid, which would clear the setting; no other way to ask for the signal.
            preexec_fn=lambda: follow_parent(parent, when_parent_dies),  # noqa: PLW1509  # makes system calls only
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def follow_parent(parent: int, sign: signal.Signals = signal.SIGTERM) -> None:
    """Let the kernel signal this process when its parent, named to be sure it still lives, ends (Linux)."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def open_own(path: Path) -> IO[bytes]:
    """Open for appending, never through a link that the account of a server may have put there."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600), "ab")


def wait_until(condition: Callable[[], bool], seconds: float, *, every: float = 0.01) -> bool:
    """True as soon as the condition holds, False when it does not within the time; `every` so many seconds it is asked.

    A question that costs something is asked less often: it takes the time of what is waited for.
    """
    end = time.monotonic() + seconds
    asked = time.monotonic()
    while not condition():
        now = time.monotonic()
        if now > end:
            return False
        time.sleep(max(every, min(2 * (now - asked), LONGEST_PAUSE)))
        asked = time.monotonic()
    return True


class Ending(Protocol):
    """A child of ours: a `subprocess.Popen`, or what behaves like one."""

    pid: int

    def poll(self) -> int | None:
        """Exit code; minus the signal that ended it; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended; raises subprocess.TimeoutExpired."""

    def send_signal(self, sign: int, /) -> None:
        """Signal it."""

    def terminate(self) -> None:
        """Ask it to end."""


def end(process: Ending, *steps: tuple[signal.Signals, float]) -> None:
    """Signal the process step by step until it has ended, then whatever it left behind in its group."""
    for sign, seconds in steps:
        if process.poll() is not None:
            break
        with suppress(ProcessLookupError):
            process.send_signal(sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    end_group(process.pid)
    process.wait()


def end_group(group: int) -> None:
    """Kill what is left of a process group; nothing when it is empty."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def end_all(pids: Callable[[], Iterable[int]], *steps: tuple[signal.Signals, float]) -> bool:
    """Signal processes that are not our children until none is found any more."""
    for sign, seconds in steps:
        for pid in pids():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, sign)
        if wait_until(lambda: not list(pids()), seconds):
            return True
    return not list(pids())


def working_in(folder: Path) -> list[int]:
    """Processes whose working directory is the folder (Linux; elsewhere none is found)."""
    return [pid for pid in _pids() if _link(pid, "cwd") == str(folder)]


def marked_with(marker: str) -> list[int]:
    """Processes, except this one, that have `NAME=value` in their environment or, quoted, as a word of their title."""
    wanted, word = marker.encode(), quoted(marker).encode()
    return [pid for pid in _pids() if pid != os.getpid() and (wanted in _environ(pid) or word in _title(pid))]


def quoted(marker: str) -> str:
    """A mark as one word of a title, whatever signs it has."""
    return quote(marker, safe="/=")


def tail(log: Path, lines: int = 5) -> str:
    """The last lines of a log, for a message."""
    try:
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def _pids() -> list[int]:
    return (
        [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        if sys.platform == "linux"
        else []
    )


def _link(pid: int, name: str) -> str | None:
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/{name}").readlink())
    return None


def _title(pid: int) -> list[bytes]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b" ")
    return []


def _environ(pid: int) -> list[bytes]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []
