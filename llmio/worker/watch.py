"""A watch over the whole process, for what no thread of Python can see.

A job may keep all other threads from running (a pattern that goes on for hours, a library that never lets go): then nothing
beats, nothing is consumed, and no limit is minded. The watch is a thread of the interpreter's own, which waits for nobody.
"""

from __future__ import annotations

import faulthandler
import logging
from contextlib import suppress
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)
SECONDS = 2.0
FROZEN = 60.0
"""Seconds without a step until the process is ended; whoever started it starts it again, and its jobs are counted as died."""


class Watch:
    """Ends the process when `step` is not called any more; it and a crash leave in the file where each thread was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def begin(self) -> None:
        """Watch from now on."""
        try:
            self._file = self._path.open("wb")
        except OSError as error:
            log.warning("where a job crashes is not noted in %s: %s", self._path, error.strerror)
        else:
            faulthandler.enable(self._file)
        self.step()

    def step(self) -> None:
        """It lives."""
        if self._file is None:
            faulthandler.dump_traceback_later(FROZEN, exit=True)
        else:
            faulthandler.dump_traceback_later(FROZEN, exit=True, file=self._file)

    def end(self) -> None:
        """The worker ends well: nothing is left to tell."""
        faulthandler.cancel_dump_traceback_later()
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            with suppress(OSError):
                self._path.unlink()
