"""One try at a job, seen by the two who have to do with it: the thread that does it, and the one that waits for it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.jobs import Job


class Attempt:
    """A try at an outbox row. It ends in one of two ways: the job is over, or nobody waits for it any more.

    What was given up may still go on (a thread cannot be killed); whatever comes of it is not written down.
    """

    def __init__(self, outbox_id: int) -> None:
        self.outbox_id = outbox_id
        self.job: Job | None = None
        self.args: Sequence[Any] = ()
        self.well = False
        self.given_up = False
        self.known = threading.Event()
        """Set once the job is known, or all is over."""
        self.over = threading.Event()
        self._lock = threading.Lock()

    def begins(self, job: Job, args: Sequence[Any]) -> None:
        """Say which job the row holds: it is run now."""
        self.job, self.args = job, args
        self.known.set()

    def ends(self, *, well: bool) -> None:
        """It came back."""
        with self._lock:
            self.well = well
            self.over.set()
        self.known.set()

    def give_up(self) -> bool:
        """Stop waiting for it; False where it was over in that moment."""
        with self._lock:
            self.given_up = not self.over.is_set()
        return self.given_up
