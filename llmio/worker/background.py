"""The Background port: threads that wait for others' servers, a few for each lane."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

log = logging.getLogger(__name__)
THREADS = 64
"""Pieces of work that may be begun and still quick."""
PATIENCE = 2.0
"""Seconds after which work counts as slow, and takes nobody's place any more."""
MOST = 256
"""Threads in all."""
PER_LANE = 2
AILING = 16
"""Threads for lanes that failed lately, one for each: so many that hang again take no place of those that answer."""


@dataclass(eq=False)
class Work:
    """What is being done, for which lane, since when."""

    lane: str
    ailing: bool
    began: float = field(default_factory=time.monotonic)


class Threads:
    """At most `per_lane` pieces of work of one lane at a time, one of a lane that failed lately.

    `threads` pieces of work may be quick at a time; what takes longer than `patience` seconds is only counted among the
    `most` in all. So lanes that begin to hang, however many, hold the others up for that long at most, and only until they
    are known: then they share `ailing` threads. Threads are started when first needed. They are waited for when the process
    ends: a request ends after some seconds by itself.
    """

    def __init__(
        self,
        threads: int = THREADS,
        per_lane: int = PER_LANE,
        *,
        ailing: int = AILING,
        patience: float = PATIENCE,
        most: int = MOST,
    ) -> None:
        self._threads, self._per_lane, self._ailing = threads, per_lane, ailing
        self._patience, self._most = patience, max(most, threads)
        self._busy: set[Work] = set()
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def room(self, lane: str, *, ailing: bool = False) -> bool:
        """Whether more of this lane can be taken on now."""
        since = time.monotonic() - self._patience
        with self._lock:
            own = sum(one.lane == lane for one in self._busy)
            if own >= (1 if ailing else self._per_lane) or len(self._busy) >= self._most:
                return False
            if ailing:
                return sum(one.ailing for one in self._busy) < self._ailing
            return sum(one.began > since for one in self._busy if not one.ailing) < self._threads

    def run(self, lane: str, work: Callable[[], None], *, ailing: bool = False) -> None:
        """Do it soon."""
        one = Work(lane, ailing)
        with self._lock:
            self._busy.add(one)
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._most, thread_name_prefix="background")
        self._pool.submit(self._do, one, work)

    def _do(self, one: Work, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # whatever it is: the job that watches over it does it again
            log.exception("%s: left undone, and done again later", one.lane)
        finally:
            with self._lock:
                self._busy.discard(one)
