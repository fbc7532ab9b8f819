"""Threads that do something again and again until they are told to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import redis
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)


class Loop:
    """Calls `step` every `seconds` in a thread of its own; outlives servers that go away and come back."""

    def __init__(self, name: str, step: Callable[[], None], seconds: float) -> None:
        self.name = name
        self._step = step
        self._seconds = seconds
        self._stop = threading.Event()
        self._ailing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end and wait for the step that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._step()
            except (SQLAlchemyError, redis.RedisError) as error:
                if not self._ailing:
                    log.warning("%s cannot go on for now: %s", self.name, str(error).split("\n")[0])
                self._ailing = True
            except Exception:  # whatever it is: a relay that has ended silently is worse than one that tries again
                if not self._ailing:
                    log.exception("%s failed, and tries again", self.name)
                self._ailing = True
            else:
                if self._ailing:
                    log.warning("%s goes on", self.name)
                self._ailing = False
            self._stop.wait(self._seconds)
