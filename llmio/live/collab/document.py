"""One document in memory: its text, who writes in it, and what is on its way to the disk."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from pycrdt import Doc, XmlFragment, merge_updates

from llmio.live.collab import frames
from llmio.live.collab.awareness import Awareness
from llmio.live.collab.frames import FrameError, Reader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmio.live.collab.guest import Seat

log = logging.getLogger(__name__)
NOTHING = b"\x00\x00"
"""An update that changes nothing."""
EARLY = 16
"""How many updates are remembered that could not be applied yet, since others must come before."""
TEXT, CONFIG = "default", "config"
"""Where Tiptap keeps the text in a document, and what clients note about it."""
BLANK = ("", "<paragraph></paragraph>")


class TooLarge(FrameError):
    """The document would grow beyond its limit."""


class Broken(FrameError):
    """An update that can be read but not applied: what is in memory may hold half of it."""


class Document:
    """Applies updates and tells the others; `rows` and `size` say what is kept on disk."""

    def __init__(self, name: str, updates: Iterable[bytes], *, most: int) -> None:
        self.name = name
        self.seats: dict[Seat, None] = {}
        self.awareness = Awareness()
        self.rows = 0
        self.size = 0
        self.idle_since = 0.0
        self.packing = False
        self._most = most
        self._doc: Doc[Any] = Doc()
        self._heard: list[bytes] = []
        self._early: deque[bytes] = deque(maxlen=EARLY)
        self._watching = self._doc.observe(lambda event: self._heard.append(event.update))
        for update in updates:
            try:
                self._apply(update)
            except FrameError as error:
                log.error("a row of %s is left out: %s", name, error)  # noqa: TRY400  # the message says it all
            self.rows += 1
            self.size += len(update)

    def changes(self, update: bytes) -> bytes:
        """Apply an update; what it changed, for the others, or nothing. Raises FrameError, Broken, TooLarge."""
        if update == NOTHING or update in self._early:
            return b""
        if self.size + len(update) > self._most:
            raise TooLarge("the document is too large")
        heard = self._apply(update)
        self.rows += 1
        self.size += len(update)
        return heard

    def _apply(self, update: bytes) -> bytes:
        self._heard.clear()
        _check_count(update)
        try:
            self._doc.apply_update(update)
        except ValueError as error:
            raise FrameError(f"an update that cannot be read: {error}") from error
        except RuntimeError as error:
            raise Broken(f"an update that cannot be applied: {error}") from error
        if not self._heard:
            # Known already, or one that others must come before: pycrdt does not say which.
            self._early.append(update)
            return b""
        return self._heard[-1]

    def since(self, state: bytes) -> bytes:
        """What someone with this state vector misses. Raises FrameError."""
        _check_count(state)
        try:
            return self._doc.get_update(state)
        except (ValueError, RuntimeError) as error:
            raise FrameError(f"a state that cannot be read: {error}") from error

    @property
    def state(self) -> bytes:
        """The state vector."""
        return self._doc.get_state()

    def packed(self) -> list[bytes]:
        """All of it as one update, and those that wait for others; from here on these count as the rows on disk."""
        whole = self._doc.get_update()
        known = len(merge_updates(whole))
        for update in [one for one in self._early if len(merge_updates(whole, one)) == known]:
            self._early.remove(update)
        made = [one for one in (whole, *self._early) if one != NOTHING]
        self.rows, self.size = len(made), sum(map(len, made))
        return made

    def is_blank(self) -> bool:
        """Whether there is no text in it, as far as is known: what other clients keep elsewhere counts as text."""
        return set(self._doc.keys()) <= {TEXT, CONFIG} and str(self._doc.get(TEXT, type=XmlFragment)) in BLANK

    def tell(self, step: frames.Sync, payload: bytes, *, besides: Seat | None = None) -> None:
        """Send a change to everyone else."""
        self._send({key: frames.sync(key, step, payload) for key in self._keys()}, besides)

    def tell_awareness(self, payload: bytes) -> None:
        """Send who is there to everyone: also to who said it, whose client takes silence for a broken connection."""
        self._send({key: frames.awareness(key, payload) for key in self._keys()}, None)

    def tell_stateless(self, payload: str) -> None:
        """Send a message to everyone."""
        self._send({key: frames.stateless(key, payload) for key in self._keys()}, None)

    def _keys(self) -> set[str]:
        return {seat.key for seat in self.seats}

    def _send(self, made: dict[str, bytes], besides: Seat | None) -> None:
        for seat in list(self.seats):
            if seat is not besides:
                seat.send(made[seat.key])


def _check_count(encoded: bytes) -> None:
    """Refuse a number of clients that cannot follow: room for all of them would be made before the first is read."""
    if Reader(encoded).number() * 2 > len(encoded):
        raise FrameError("more clients than there is room for")
