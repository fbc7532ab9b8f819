"""One connection: what its frames ask for, within limits, and its seats in documents."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed

from llmio.core.errors import Unavailable
from llmio.live.collab import frames
from llmio.live.collab.document import TooLarge
from llmio.live.collab.frames import Auth, FrameError, Kind, Reader, Sync

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

    from llmio.live.collab.document import Document
    from llmio.live.collab.hub import Hub

log = logging.getLogger(__name__)
RESET, UNAUTHORIZED, TIMEOUT = 4205, 4401, 4408
"""The codes that the reference's server closes with."""
LATER, TEXT_FRAME = 1013, 1003
"""Of WebSockets themselves: try again later; text, where bytes are spoken."""
REASON = "permission-denied"
MOST_SEATS = 40
"""Documents on one connection: a page has a few editors."""
MOST_STATELESS = 65_536
MOST_TOKEN = 1024


@dataclass(eq=False)
class Seat:
    """A guest's place in one document."""

    guest: Guest
    document: Document
    key: str
    token: str
    clients: set[int] = field(default_factory=set)
    """Those that came by this seat; they go with it."""

    def send(self, frame: bytes) -> None:
        """Send, if there is anyone left to hear it."""
        self.guest.send(frame)


class Pace:
    """Frames and bytes a second; who is faster is read more slowly, and loses nothing."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = burst
        self._at = 0.0

    def wait(self, cost: float, now: float) -> float:
        """Seconds to wait before the next."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second) - cost
        self._at = now
        return max(0.0, -self._left / self._per_second)


class Guest:
    """Reads frames until the connection ends."""

    def __init__(self, hub: Hub, socket: ServerConnection) -> None:
        self.hub = hub
        self.socket = socket
        self.seats: dict[str, Seat] = {}
        limits = hub.limits
        self._frames = Pace(limits.frames_per_second, limits.frames_burst)
        self._bytes = Pace(limits.bytes_per_second, limits.bytes_burst)
        self._looked = False
        self._waiting: asyncio.TimerHandle

    async def stay(self) -> None:
        """Serve it to its end."""
        loop = asyncio.get_running_loop()
        self._watch()
        try:
            async for frame in self.socket:
                if isinstance(frame, str):
                    await self.socket.close(TEXT_FRAME, "bytes only")
                    break
                await self._take(frame)
                now = loop.time()
                pause = max(self._frames.wait(1, now), self._bytes.wait(len(frame), now))
                if pause:
                    await asyncio.sleep(pause)
        except FrameError as error:
            log.info("closed a connection: %s", error)
            code, reason = (RESET, "Reset Connection") if self.seats else (UNAUTHORIZED, "Unauthorized")
            await self.socket.close(code, reason)
        except Unavailable as error:
            log.warning("closed a connection: %s", error)
            await self.socket.close(LATER, "try again later")
        except ConnectionClosed:
            pass
        finally:
            self._waiting.cancel()
            for seat in list(self.seats.values()):
                self.leave(seat)

    def send(self, frame: bytes) -> None:
        """Send without waiting; who does not read for long is cut off, before what waits for them fills the memory."""
        broadcast([self.socket], frame)
        if self.socket.transport.get_write_buffer_size() > self.hub.limits.unread:
            log.info("cut off a connection that does not read")
            self.socket.transport.abort()

    def leave(self, seat: Seat) -> None:
        """Give up a seat, and tell the others."""
        if self.seats.get(seat.key) is seat:
            del self.seats[seat.key]
        seat.document.seats.pop(seat, None)
        told = seat.document.awareness.remove(seat.clients)
        if told:
            seat.document.tell_awareness(told)
        self.hub.left(seat.document)

    def refuse(self, seat: Seat) -> None:
        """Put someone out who may no longer write here."""
        self.leave(seat)
        self.send(frames.denied(seat.key, REASON))
        self.send(frames.close(seat.key, REASON))

    def end(self, code: int, reason: str) -> None:
        """Close the connection, soon."""
        self.hub.background(self.socket.close(code, reason))

    def _watch(self) -> None:
        """End a connection that has no seat when it is looked at for the second time."""
        looked, self._looked = self._looked, not self.seats
        if looked and not self.seats:
            self.end(TIMEOUT, "Connection Timeout")
        else:
            self._waiting = asyncio.get_running_loop().call_later(self.hub.limits.silence / 2, self._watch)

    async def _take(self, frame: bytes) -> None:
        if frame in (frames.PING, frames.PONG):
            if frame == frames.PING:
                self.send(frames.PONG)
            return
        read = Reader(frame)
        key = read.key()
        kind = read.number()
        seat = self.seats.get(key)
        if kind == Kind.AUTH:
            await self._let_in(key, seat, read)
        elif seat is not None:
            await self._serve(seat, kind, read)
        # What comes before the token, or after a refusal, is dropped: clients send their state again once they are in.

    async def _let_in(self, key: str, seat: Seat | None, read: Reader) -> None:
        if read.number() != Auth.TOKEN:
            raise FrameError("no token")
        token = read.text()
        if len(token) > MOST_TOKEN:
            raise FrameError("a token that is too long")
        name = frames.name_of(key)
        allowed = await self.hub.gate.lets(token, name)
        if seat is not None:
            seat.token = token
            if not allowed:
                self.refuse(seat)
            return
        if not allowed or len(self.seats) >= MOST_SEATS:
            self.send(frames.denied(key, REASON))
            return
        document = await self.hub.open(name)
        seat = Seat(self, document, key, token)
        self.seats[key] = seat
        document.seats[seat] = None
        self.send(frames.granted(key))
        if len(document.awareness):
            self.send(frames.awareness(key, document.awareness.encode()))

    async def _serve(self, seat: Seat, kind: int, read: Reader) -> None:
        document, key = seat.document, seat.key
        if kind in (Kind.SYNC, Kind.SYNC_REPLY):
            self._sync(seat, read, answer=kind == Kind.SYNC)
        elif kind == Kind.AWARENESS:
            came, changed = document.awareness.apply(read.data())
            if changed:
                seat.clients.update(came)
                document.tell_awareness(document.awareness.encode(changed))
                seat.clients -= document.awareness.forget_gone(changed)
        elif kind == Kind.QUERY_AWARENESS:
            self.send(frames.awareness(key, document.awareness.encode()))
        elif kind == Kind.BROADCAST_STATELESS:
            said = read.text()
            if len(said) > MOST_STATELESS:
                raise FrameError("a message that is too long")
            document.tell_stateless(said)
        elif kind == Kind.CLOSE:
            self.leave(seat)
            self.send(frames.close(key, "provider_initiated"))
        elif kind != Kind.STATELESS:  # those are for servers that do something with them
            raise FrameError(f"a frame of unknown kind {kind}")

    def _sync(self, seat: Seat, read: Reader, *, answer: bool) -> None:
        document, key = seat.document, seat.key
        step, payload = read.number(), read.data()
        if step == Sync.STEP1:
            missing = document.since(payload)
            if answer:
                self.send(frames.sync(key, Sync.STEP1, document.state))
            self.send(frames.sync(key, Sync.STEP2, missing))
        elif step in (Sync.STEP2, Sync.UPDATE):
            try:
                self.hub.change(document, seat, payload)
            except TooLarge:
                log.warning("document %s is at its limit of size", document.name)
                self.send(frames.status(key, kept=False))
                self.leave(seat)
                self.send(frames.close(key, "the document is too large"))
        else:
            raise FrameError(f"a step of unknown kind {step}")
