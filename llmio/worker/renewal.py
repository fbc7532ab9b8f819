"""A worker whose jobs hang begins anew: the same process, the same command, without the threads that were lost."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)
DRAIN = 30.0
"""Seconds that the other jobs have to end; what is not over then is begun again by the process that follows."""


class Renewal:
    """Watches how many hands were lost, and has the process begin anew when they are too many.

    By `exec`, so that it needs nobody to restart it. `stop` asks the worker to take no more and return; `close` is called
    last before the new beginning.
    """

    def __init__(self, hands: int, *, stop: Callable[[], None], close: Callable[[], None]) -> None:
        self.enough = max(1, hands // 4)
        self._stop, self._close = stop, close
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._called_off = threading.Event()

    def lost(self, count: int) -> None:
        """So many threads hang."""
        with self._lock:
            if count < self.enough or self._wanted.is_set() or self._called_off.is_set():
                return
            self._wanted.set()
        log.warning("%s of this worker's threads hang: it ends what else it does and begins anew", count)
        threading.Thread(target=self._insist, name="renewal", daemon=True).start()

    def call_off(self) -> None:
        """Somebody asked the process to end: it does not come back."""
        self._called_off.set()

    def begin_anew(self) -> None:
        """Begin anew if that is wanted; does not return then."""
        with self._lock:
            if not self._wanted.is_set() or self._called_off.is_set():
                return
            self._close()
            sys.stdout.flush()
            sys.stderr.flush()
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # our own command, as it was given

    def _insist(self) -> None:
        self._stop()
        if not self._called_off.wait(DRAIN):
            self.begin_anew()
