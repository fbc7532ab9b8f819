"""The relay: finds outbox rows whose hint was lost or whose time has come, and has them run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import redis

from llmio.core import outbox
from llmio.core.jobs import QUEUES

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.worker.queue import CeleryQueue

log = logging.getLogger(__name__)
SECONDS = 1.0
AGAIN = timedelta(seconds=30)
ENOUGH = 200
"""Hints that may wait in a queue before the relay adds none: whatever is waiting behind them is reached in time."""
BATCH = 500
HANDS = 4


class Relay:
    """One sweep a `step`; any number of relays may sweep at the same time.

    Hints are only added to queues that are nearly empty, so that a long backlog is not hinted over and over. What was
    hinted and still waits is hinted again after a while; until it has been through all of them, a relay mistrusts every hint
    made before it began, since the worker that held it may have been killed. A sweep adds `BATCH` hints at most, so that
    neither Redis nor a worker ever holds more than that and `ENOUGH` for a queue, however much waits in the database.

    While Redis is away a relay that has `hands` runs the rows itself: work goes on, without the weights of the queues.
    """

    def __init__(
        self, app: App, queue: CeleryQueue, *, hands: int = HANDS, run_row: Callable[[int], object] | None = None
    ) -> None:
        self.app = app
        self._run_row = run_row or (lambda outbox_id: outbox.run(app, outbox_id))
        self.queue = queue
        self._began: datetime = app.ports.clock.now()
        self._first = True
        self._away = False
        self._hands = hands
        self._stopping = threading.Event()

    def step(self) -> None:
        """Sweep once."""
        try:
            lengths = self.queue.lengths(list(QUEUES))
        except redis.RedisError as error:
            self._note(away=True, why=error)
            self._without_redis()
            return
        self._note(away=False)
        hungry = {name for name, length in lengths.items() if length < ENOUGH}
        if not hungry:
            return
        rows = outbox.due(self.app, queues=hungry, hinted_before=self._mistrusted(), limit=BATCH)
        if self.queue.kick(rows) and len(rows) < BATCH and len(hungry) == len(lengths):
            self._first = False

    def _note(self, *, away: bool, why: object = "") -> None:
        if away != self._away:
            self._away = away
            if away:
                log.warning(
                    "the queue does not answer, jobs are %s: %s", "done without it" if self._hands else "late", why
                )
            else:
                log.warning("the queue answers again")

    def stop(self) -> None:
        """End a sweep that is under way soon."""
        self._stopping.set()

    def _mistrusted(self) -> datetime:
        old = self.app.ports.clock.now() - AGAIN
        return max(self._began, old) if self._first else old

    def _without_redis(self) -> None:
        if not self._hands:
            return
        with ThreadPoolExecutor(self._hands, thread_name_prefix="relay") as hands:
            while not self._stopping.is_set():
                rows = outbox.due(
                    self.app, queues=QUEUES, hinted_before=self.app.ports.clock.now() - AGAIN, limit=5 * self._hands
                )
                list(hands.map(lambda row: self._run_row(row[0]), rows))
                if not rows or self.queue.answers():
                    return
