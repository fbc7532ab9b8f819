"""A worker that rests gives back its connections to the database: each holds some five megabytes of the server's memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmio.core.app import App

SECONDS = 12.0
"""Without a job, until what the last ones needed is given back; the next job connects anew, in a few milliseconds."""


class Rest:
    """Runs outbox rows; `look` is called now and then."""

    def __init__(self, app: App, run_row: Callable[[int], bool], seconds: float = SECONDS) -> None:
        self._app = app
        self._run_row = run_row
        self._seconds = seconds
        self._worked: float | None = time.monotonic()

    def run(self, outbox_id: int) -> bool:
        """Run a row's job."""
        try:
            return self._run_row(outbox_id)
        finally:
            self._worked = time.monotonic()

    def look(self) -> None:
        """Give back, once, what nobody uses; a connection that is in use is closed when it is given back."""
        worked = self._worked
        if worked is not None and time.monotonic() - worked > self._seconds:
            self._worked = None
            self._app.engine.dispose()
