"""In what order the queues are asked: each gets its share of the work while it is full, and none starves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from llmio.core.jobs import QUEUES


class WeightedCycle:
    """Start-time fair queueing, as the `queue_order_strategy` that kombu's Redis transport asks (by dotted name).

    Each queue has a clock that moves on by 1/weight when it is served; the one whose clock is furthest behind is asked
    first. kombu hands the whole order to one BRPOP, which takes from the first queue that is not empty: whoever stood
    before that one was empty, so its clock is set forward to the present, lest it hoards turns while it has no work.
    """

    weights: Mapping[str, int] = QUEUES

    def __init__(self, it: Iterable[str] | None = None) -> None:
        self.items: list[str] = []
        self._clocks: dict[str, Fraction] = {}
        self._present = Fraction(0)
        self.update(it or ())

    def update(self, it: Iterable[str]) -> None:
        """The queues that are consumed from now on; a new one starts in the present."""
        self.items[:] = it
        self._clocks = {name: max(self._clocks.get(name, self._present), self._present) for name in self.items}
        self._order()

    def consume(self, n: int) -> list[str]:
        """The first n queues, in the order in which to look for work."""
        return self.items[:n]

    def rotate(self, last_used: str) -> str:
        """Note that this queue was served."""
        if last_used in self._clocks:
            self._present = self._clocks[last_used]
            for name in self.items[: self.items.index(last_used)]:
                self._clocks[name] = max(self._clocks[name], self._present)
            self._clocks[last_used] += Fraction(1, self.weights.get(last_used, 1))
            self._order()
        return last_used

    def _order(self) -> None:
        weights = self.weights
        self.items.sort(key=lambda name: (self._clocks[name], -weights.get(name, 1), name))
