"""What a worker has in hand, noted in a small file, so that a job which kills its process is found out.

The row of such a job stays, and the next worker would take it up and die of it, for ever. Written with every job, so it is a file
and not the database: the kernel keeps what was written when the process is killed, and nothing waits for a disk.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from llmio.core import outbox

if TYPE_CHECKING:
    from llmio.core.app import App

log = logging.getLogger(__name__)
TRACE = ".trace"


class Notebook:
    """Runs outbox rows and notes which ones are under way; where nothing can be written, it only runs them."""

    def __init__(self, app: App, run_row: Callable[[int], bool]) -> None:
        self._app = app
        self._run_row = run_row
        self._folder = Path(app.settings.text("llmio.data")) / "workers"
        self._lock = threading.Lock()
        self._held: set[int] = set()
        self._file = -1
        # In containers that share the folder, each worker may be the seventh process of its own.
        self._path = self._folder / f"{socket.gethostname()}-{os.getpid()}.json"
        self.trace = self._path.with_suffix(TRACE)
        """Where a process that crashes says where it was."""

    def open(self) -> None:
        """Count what workers were doing that died here, then begin an own page."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            behind = list(self._left_behind())
            for place, (outbox_id, trace) in enumerate(behind):
                outbox.died(self._app, outbox_id, trace, apart=place / len(behind))
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            log.warning("jobs at work are not noted in %s: %s", self._folder, error.strerror)
            self.close()

    def close(self) -> None:
        """The worker ends well: nothing is left to tell."""
        if self._file >= 0:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._file)
            self._file = -1

    def run(self, outbox_id: int) -> bool:
        """Run a row's job, noted meanwhile."""
        self._note(outbox_id, held=True)
        try:
            return self._run_row(outbox_id)
        finally:
            self._note(outbox_id, held=False)

    def _note(self, outbox_id: int, *, held: bool) -> None:
        with self._lock:
            (self._held.add if held else self._held.discard)(outbox_id)
            if self._file >= 0:
                with suppress(OSError):  # a full disk must not keep jobs from being done
                    # The first line counts: between the two calls the end of a longer one may still follow.
                    text = json.dumps(sorted(self._held)).encode() + b"\n"
                    os.pwrite(self._file, text, 0)
                    os.ftruncate(self._file, len(text))

    def _left_behind(self) -> Iterator[tuple[int, str]]:
        """Rows under way in workers that are no more, and where these were; a living one holds the lock of its file."""
        for path in sorted(self._folder.glob("*.json")):
            with suppress(OSError, ValueError), path.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                trace = _taken(path.with_suffix(TRACE))
                yield from ((one, trace) for one in json.loads(file.readline() or "[]") if isinstance(one, int))


def _taken(path: Path) -> str:
    with suppress(OSError):
        text = path.read_text(errors="replace")
        path.unlink()
        return text
    return ""
