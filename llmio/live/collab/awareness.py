"""Who is in a document: each client's latest state, as it was sent; nobody here looks into it.

Own code rather than pycrdt's `Awareness`: that one is a client of its own, reads every state as JSON, keeps the clocks of all
who ever came, and ends clients by a timer. Here the connection says when they go.
Source: `y-protocols` 1.0 (MIT), awareness.js.
"""

from __future__ import annotations

from collections.abc import Iterable

from llmio.live.collab import frames
from llmio.live.collab.frames import FrameError, Reader

GONE = b"null"
MOST_CLIENTS = 1000
"""Clients in one document."""
MOST_STATE = 16_384
"""Bytes of one state: a name, a colour and a selection take some hundred."""


class Awareness:
    """Client → (clock, state)."""

    def __init__(self) -> None:
        self._states: dict[int, tuple[int, bytes]] = {}

    def __len__(self) -> int:
        return len(self._states)

    def apply(self, update: bytes) -> tuple[list[int], list[int]]:
        """Take what is newer than what is known; returns (clients that came, all that changed). Raises FrameError."""
        read = Reader(update)
        came: list[int] = []
        changed: list[int] = []
        for _ in range(_count(read)):
            client, clock, state = read.number(), read.number(), read.data()
            if len(state) > MOST_STATE:
                raise FrameError("a state that is too long")
            known = self._states.get(client)
            if known is None and state == GONE:
                continue
            if known is not None and (clock < known[0] or (clock == known[0] and state != GONE)):
                continue
            if known is None:
                if len(self._states) >= MOST_CLIENTS:
                    raise FrameError("too many clients")
                came.append(client)
            self._states[client] = (clock, state)
            changed.append(client)
        return came, changed

    def encode(self, clients: Iterable[int] | None = None) -> bytes:
        """The states of these clients, or of all, as an update."""
        wanted = list(self._states) if clients is None else [one for one in clients if one in self._states]
        made = frames.number(len(wanted))
        for client in wanted:
            clock, state = self._states[client]
            made += frames.number(client) + frames.number(clock) + frames.data(state)
        return made

    def forget_gone(self, clients: Iterable[int]) -> set[int]:
        """Drop those whose state says that they went; returns them."""
        gone = {client for client in clients if self._states.get(client, (0, b""))[1] == GONE}
        for client in gone:
            del self._states[client]
        return gone

    def remove(self, clients: Iterable[int]) -> bytes:
        """Drop clients whose connection ended; the update that tells the others, empty where nobody was known."""
        gone = [client for client in clients if client in self._states]
        for client in gone:
            clock, _state = self._states[client]
            self._states[client] = (clock, GONE)  # at the same clock, this wins
        told = self.encode(gone) if gone else b""
        self.forget_gone(gone)
        return told


def _count(read: Reader) -> int:
    found = read.number()
    if found > MOST_CLIENTS:
        raise FrameError("too many clients")
    return found
