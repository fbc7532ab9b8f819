"""Hands that let go: a job that is not over within its limit is given up, and the next one can begin.

A thread cannot be killed. So each job runs in a thread of its own, and the one of Celery only waits for it; a job that hangs
loses that thread and what it holds in memory, not a place in the queue. When too many are lost, the process begins anew.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from llmio.core import outbox
from llmio.core.attempts import Attempt

if TYPE_CHECKING:
    from llmio.core.app import App

log = logging.getLogger(__name__)


class Hands:
    """Runs outbox rows, each no longer than its job may take; `lost` is called with the number of threads that hang."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._usual = app.settings.number("worker.job_limit")
        self.lost: Callable[[int], None] = lambda _count: None
        self._hanging: list[Attempt] = []
        self._lock = threading.Lock()

    def run(self, outbox_id: int) -> bool:
        """Run a row's job; True if it was run and is done."""
        attempt = Attempt(outbox_id)
        thread = threading.Thread(target=self._do, args=(attempt,), name=f"job-{outbox_id}", daemon=True)
        began = time.monotonic()
        thread.start()
        attempt.known.wait(self._usual)
        limit = (attempt.job and attempt.job.limit) or self._usual
        if not attempt.over.wait(max(0.0, began + limit - time.monotonic())) and attempt.give_up():
            self._let_go(attempt, thread, limit)
        return attempt.well

    def _do(self, attempt: Attempt) -> None:
        well = False
        try:
            well = outbox.run(self._app, attempt.outbox_id, attempt)
        except Exception:  # the database went away: the row stays, and is found again
            log.exception("outbox row %s could not be run", attempt.outbox_id)
        finally:
            attempt.ends(well=well)
            if attempt.given_up:
                log.warning("%s came back after it was given up; nothing came of it", _name(attempt))

    def _let_go(self, attempt: Attempt, thread: threading.Thread, limit: float) -> None:
        words = f"Hung: {_name(attempt)} was not over after {limit:g} s and was given up"
        where = stack_of(thread)
        log.error("%s. It hangs here:\n%s", words, where)
        with self._lock:
            self._hanging = [one for one in (*self._hanging, attempt) if not one.over.is_set()]
            count = len(self._hanging)
        try:
            outbox.hung(self._app, attempt, f"{where}\n{words}")
        finally:
            self.lost(count)


def _name(attempt: Attempt) -> str:
    job = attempt.job.name if attempt.job else f"outbox row {attempt.outbox_id}"
    return f"{job} {list(attempt.args)}"


def stack_of(thread: threading.Thread) -> str:
    """Where a thread is, as a traceback has it; empty where it has just ended."""
    frame: FrameType | None = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001  # the documented way
    return "".join(traceback.format_stack(frame)) if frame else ""
