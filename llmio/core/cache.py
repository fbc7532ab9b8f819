"""What a process keeps of what it made before: bounded by size, those not used longest leave first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sized
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V", bound=Sized)


class Recent(Generic[V]):
    """Values by key, at most `limit` characters or bytes of them together; safe for threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.kept: OrderedDict[Hashable, V] = OrderedDict()
        self.lock = Lock()

    def get(self, key: Hashable) -> V | None:
        """The value, or None."""
        with self.lock:
            found = self.kept.get(key)
            if found is not None:
                self.kept.move_to_end(key)
            return found

    def put(self, key: Hashable, value: V) -> None:
        """Keep a value; one that is larger than all there is room for is not kept."""
        with self.lock:
            if key in self.kept or len(value) > self.limit:
                return
            self.kept[key] = value
            self.size += len(value)
            while self.size > self.limit:
                self.size -= len(self.kept.popitem(last=False)[1])

    def clear(self) -> None:
        """Forget all."""
        with self.lock:
            self.kept.clear()
            self.size = 0
