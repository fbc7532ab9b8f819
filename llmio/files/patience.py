"""A storage that falls silent must not take all threads of a process: pages need none of it.

Each call may wait most of a minute for an answer. So only a few go at once, and further ones wait some seconds for their turn;
when those that went stand still by then, they are refused. After one that waited in vain, they go one at a time until an
answer comes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition
from weakref import WeakKeyDictionary

from llmio.plugins.storage import StorageBackend

HANGING = 8.0
"""Seconds without any step forward after which a call counts as waiting."""
FEW = 2
"""So many go at once, in each process, without a look at the others."""


class Silent(TimeoutError):
    """Others wait for this storage already."""

    def __init__(self) -> None:
        super().__init__("other calls wait for an answer already")


@dataclass(eq=False)
class Call:
    """One that is under way."""

    at: float

    def step(self) -> None:
        """It goes forward."""
        self.at = time.monotonic()


@dataclass
class Gate:
    """Calls of one storage in this process."""

    calls: set[Call] = field(default_factory=set)
    suspect: bool = False
    changed: Condition = field(default_factory=Condition)

    @contextmanager
    def passed(self) -> Iterator[Call]:
        """Let a call through, if need be after some seconds; raises Silent where others stand still."""
        with self.changed:
            self._wait()
            call = Call(time.monotonic())
            self.calls.add(call)
        try:
            yield call
        finally:
            with self.changed:
                self.calls.discard(call)
                self.changed.notify_all()

    def _wait(self) -> None:
        end = time.monotonic() + HANGING
        while True:
            now = time.monotonic()
            still = sum(now - one.at >= HANGING for one in self.calls)
            room = 1 if self.suspect else FEW
            if still >= room:
                raise Silent
            # Those that go on are slow, but they go on: one more does no harm.
            if len(self.calls) < room or now >= end:
                return
            self.changed.wait(min(end - now, 1))


_gates: WeakKeyDictionary[StorageBackend, Gate] = WeakKeyDictionary()


def gate(backend: StorageBackend) -> Gate:
    """The gate before a storage."""
    return _gates.setdefault(backend, Gate())
