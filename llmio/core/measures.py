"""What this process has counted and timed, added up in Redis every few seconds: any process can tell the whole site's sums.

Sums live in one hash and go with it: to whoever reads them that is a restart, which Prometheus expects of counters. While Redis
is away they are kept here. https://prometheus.io/docs/concepts/metric_types/
"""

from __future__ import annotations

import atexit
import json
import os
import threading
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "llmio:measures"
EVERY = 5.0
"""Seconds between two additions."""
MOST = 5_000
"""Different series of this process at most; what comes beyond is not counted."""
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

Series = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Metric:
    """A counter, or a histogram of seconds, and what its labels are."""

    name: str
    kind: Literal["counter", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


METRICS = {
    one.name: one
    for one in (
        Metric("llmio_http_requests", "counter", "Requests answered.", ("method", "route", "status")),
        Metric("llmio_http_request_seconds", "histogram", "How long requests took.", ("route",)),
        Metric("llmio_database_statements", "counter", "Statements sent to the database.", ("process",)),
        Metric("llmio_database_seconds", "counter", "Seconds spent waiting for the database.", ("process",)),
        Metric("llmio_jobs", "counter", "Tries of jobs, by what came of them.", ("job", "outcome")),
        Metric("llmio_job_seconds", "histogram", "How long tries of jobs took.", ("queue",)),
        Metric("llmio_mails", "counter", "Mails handed to the mail server.", ("outcome",)),
        Metric("llmio_deliveries", "counter", "Messages to people and channels, each try.", ("notifier", "outcome")),
        Metric("llmio_outgoing_requests", "counter", "Requests sent to other sites (webhooks, chats).", ("outcome",)),
        Metric("llmio_csp_reports", "counter", "What browsers refused to load or run on pages.", ("directive",)),
        Metric("llmio_plugin_failures", "counter", "Faults of plugins.", ("plugin",)),
    )
}


class Measures:
    """The sums of this process since they were last added up; safe across threads and forks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: defaultdict[Series, float] = defaultdict(float)
        self._redis: Any = None
        self._pid = 0
        self._stopped = threading.Event()
        self.process = "other"

    def count(self, name: str, *labels: str, by: float = 1) -> None:
        """Add to a counter."""
        self._add((name, labels), by)

    def time(self, name: str, *labels: str, seconds: float) -> None:
        """Note how long something took: in the bucket it falls into, `sum` and `count`."""
        place = bisect_left(SECONDS, seconds)
        bucket = str(SECONDS[place]) if place < len(SECONDS) else "+Inf"
        self._add((name, (*labels, bucket)), 1)
        self._add((name, (*labels, "sum")), seconds)

    def _add(self, series: Series, by: float) -> None:
        with self._lock:
            if series in self._sums or len(self._sums) < MOST:
                self._sums[series] += by

    def follow(self, redis: Any, process: str) -> None:
        """From now on add up in Redis; in each process that is to do so."""
        self._redis, self.process = redis, process
        if redis is None or self._pid == os.getpid():
            return
        self._pid, self._stopped = os.getpid(), threading.Event()
        with self._lock:
            self._sums.clear()  # a parent's, before the fork
        threading.Thread(target=self._run, args=(self._stopped,), name="measures", daemon=True).start()
        atexit.register(self.flush)

    def _run(self, stopped: threading.Event) -> None:
        while not stopped.wait(EVERY):
            self.flush()

    def flush(self, redis: Any = None) -> bool:
        """Add up now; False where Redis does not answer, and nothing is lost."""
        redis = self._redis if redis is None else redis
        with self._lock:
            sums, self._sums = self._sums, defaultdict(float)
        if not sums:
            return redis is not None
        try:
            with redis.pipeline(transaction=False) as pipe:
                for (name, labels), amount in sums.items():
                    pipe.hincrbyfloat(KEY, json.dumps([name, *labels]), amount)
                pipe.execute()
        except Exception:  # noqa: BLE001  # whatever ails the client: counting must never be what breaks
            with self._lock:
                for series, amount in sums.items():
                    self._sums[series] += amount
            return False
        return True

    def everywhere(self, redis: Any) -> dict[Series, float]:
        """The sums of the whole site; raises RedisError."""
        if redis is None:
            return {}
        self.flush(redis)
        kept: Mapping[bytes, bytes] = redis.hgetall(KEY)
        found: dict[Series, float] = {}
        for key, amount in kept.items():
            name, *labels = json.loads(key)
            found[name, tuple(labels)] = float(amount)
        return found


measures = Measures()
"""Those of this process."""
