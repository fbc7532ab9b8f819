"""The Background port: threads that wait for others' servers, a few for each lane."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)
THREADS = 64
PER_LANE = 2


class Threads:
    """At most `PER_LANE` pieces of work of one lane at a time, `THREADS` in all. Threads are started when first needed.

    They are waited for when the process ends: a request ends after some seconds by itself.
    """

    def __init__(self, threads: int = THREADS, per_lane: int = PER_LANE) -> None:
        self._threads, self._per_lane = threads, per_lane
        self._busy: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def room(self, lane: str) -> bool:
        """Whether more of this lane can be taken on now."""
        with self._lock:
            return self._busy[lane] < self._per_lane and self._busy.total() < self._threads

    def run(self, lane: str, work: Callable[[], None]) -> None:
        """Do it soon."""
        with self._lock:
            self._busy[lane] += 1
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="background")
        self._pool.submit(self._do, lane, work)

    def _do(self, lane: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # whatever it is: the job that watches over it does it again
            log.exception("%s: left undone, and done again later", lane)
        finally:
            with self._lock:
                self._busy[lane] -= 1
                if not self._busy[lane]:
                    del self._busy[lane]
