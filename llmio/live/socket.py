"""Socket.IO as the live channel needs it: a message to many is made once, and who comes back soon hears what was missed.

python-socketio keeps the protocol; two things it has not are here. A message to a room becomes one WebSocket frame, written
to each browser as it is, several at a time where several wait (its own way, a task and a frame for each browser, takes ten
times as long). And connection state recovery of Socket.IO 4.6:
https://socket.io/docs/v4/connection-state-recovery, https://socket.io/docs/v4/socket-io-protocol.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, cast

import socketio
from engineio.async_drivers import aiohttp as driver
from engineio.packet import MESSAGE
from engineio.packet import Packet as EngineFrame
from socketio import packet

NAMESPACE = "/"
REMEMBERED_SECONDS = 30 * 60
REMEMBERED_BYTES = 16 * 1024 * 1024
REMEMBERED_PEOPLE = 20_000
SLOW_BYTES = 4 * 1024 * 1024
"""A browser that lags so far behind is let go; it comes back and asks for what it missed."""
TOGETHER = 64
"""Messages that are written at once at most."""


def text_frame(words: bytes) -> bytes:
    """One unmasked text frame, as servers send them (RFC 6455, section 5.2)."""
    size = len(words)
    if size < 126:
        head = bytes((0x81, size))
    elif size < 65_536:
        head = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + size.to_bytes(8, "big")
    return head + words


class DirectSocket(driver.WebSocket):
    """A WebSocket that tells the connection it belongs to where its bytes go."""

    async def __call__(self, environ: dict[str, Any]) -> Any:
        """Serve a connection until it ends."""
        self.handler.__self__.direct = environ["aiohttp.request"].transport
        return await super().__call__(environ)


@dataclass(frozen=True, slots=True)
class Said:
    """A message to a room, kept for those who come back."""

    number: int
    moment: float
    room: str
    text: str


@dataclass(slots=True)
class Memory:
    """What was said lately, and who left lately, from which rooms."""

    said: deque[Said] = field(default_factory=deque)
    left: OrderedDict[str, tuple[float, frozenset[str]]] = field(default_factory=OrderedDict)
    size: int = 0
    forgotten: int = 0
    """Number of the last message that is no longer known."""

    def keep(self, one: Said) -> None:
        """Remember a message; forget what is too old or too much."""
        self.said.append(one)
        self.size += len(one.text)
        while self.said and (self.size > REMEMBERED_BYTES or self.said[0].moment < one.moment - REMEMBERED_SECONDS):
            gone = self.said.popleft()
            self.size -= len(gone.text)
            self.forgotten = gone.number

    def leave(self, ident: str, rooms: frozenset[str]) -> None:
        """Remember who left."""
        self.left[ident] = (time.monotonic(), rooms)
        while len(self.left) > REMEMBERED_PEOPLE:
            self.left.popitem(last=False)

    def back(self, ident: object, heard: int | None) -> frozenset[str] | None:
        """The rooms of who comes back, once; None for who is unknown, comes too late, or missed more than is known."""
        found = self.left.pop(ident, None) if isinstance(ident, str) else None
        if found is None or heard is None or heard < self.forgotten:
            return None
        moment, rooms = found
        return rooms if moment > time.monotonic() - REMEMBERED_SECONDS else None


class Server(socketio.AsyncServer):
    """A Socket.IO server whose browsers only listen."""

    def __init__(self, allowed: list[str]) -> None:
        super().__init__(async_mode="aiohttp", cors_allowed_origins=allowed)
        ways = self.eio._async  # noqa: SLF001  # the library has no other way to a class of one's own
        self.eio._async = {**ways, "websocket": DirectSocket}  # noqa: SLF001  # as above
        self.memory = Memory()
        self._number = 0
        self._run = secrets.token_urlsafe(6)
        self._waiting: list[Said] = []
        self._idents: dict[str, str] = {}

    # Saying something

    def say(self, room: str, event: str, payload: str) -> None:
        """Send an event, with `payload` (JSON text), to a room of this process, with the next turn of the loop."""
        self._number += 1
        text = f'42[{json.dumps(event)},{payload},"{self._offset(self._number)}"]'
        said = Said(self._number, time.monotonic(), room, text)
        self.memory.keep(said)
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append(said)
        if len(self._waiting) >= TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        rooms = self.manager.rooms.get(NAMESPACE, {})
        if len({one.room for one in waiting}) == 1:  # the same bytes for all: joined once
            together = b"".join(_frame(one) for one in waiting)
            for ident in list((rooms.get(waiting[0].room) or {}).values()):
                self._hand(ident, together, waiting)
            return
        shares: dict[str, list[Said]] = {}
        for one in waiting:
            for ident in (rooms.get(one.room) or {}).values():
                shares.setdefault(ident, []).append(one)
        frames = {one.number: _frame(one) for one in waiting}
        for ident, share in shares.items():
            self._hand(ident, b"".join(frames[one.number] for one in share), share)

    def _hand(self, ident: str, together: bytes, share: list[Said]) -> None:
        connection = self.eio.sockets.get(ident)
        if connection is None or connection.closed:
            return
        direct = getattr(connection, "direct", None)
        if direct is None or not connection.upgraded or not connection.queue.empty():
            for one in share:
                connection.queue.put_nowait(EngineFrame(MESSAGE, one.text[1:]))
        elif direct.get_write_buffer_size() > SLOW_BYTES:
            direct.abort()
        elif not direct.is_closing():
            direct.write(together)

    # Coming and going

    def _offset(self, number: int) -> str:
        return f"{self._run}-{number}"

    def _heard(self, offset: object) -> int | None:
        """Number of the last message that someone heard of this process."""
        run, _dash, number = offset.rpartition("-") if isinstance(offset, str) else ("", "", "")
        return int(number) if run == self._run and number.isascii() and number.isdigit() else None

    def resume(self, sid: str, auth: object, rooms: frozenset[str]) -> None:
        """Let someone into rooms; to who comes back, say again what was said meanwhile in the rooms they were in."""
        for room in rooms:
            self.manager.basic_enter_room(sid, NAMESPACE, room)
        asked = cast("dict[str, Any]", auth) if isinstance(auth, dict) else {}
        heard = self._heard(asked.get("offset"))
        before = self.memory.back(asked.get("pid"), heard)
        if before is None or heard is None:
            return
        self.flush()
        self._idents[sid] = asked["pid"]
        connection = self.eio.sockets[self.manager.eio_sid_from_sid(sid, NAMESPACE)]
        for one in self.memory.said:
            if one.number > heard and one.room in before and one.room in rooms:
                connection.queue.put_nowait(EngineFrame(MESSAGE, one.text[1:]))

    async def end_all(self) -> None:
        """End all connections; browsers come back by themselves."""
        for connection in list(self.eio.sockets.values()):
            await connection.close(wait=False, reason=self.reason.TRANSPORT_CLOSE)
            connection.queue.put_nowait(None)

    async def begin_anew(self) -> None:
        """End all connections, and know nobody who comes back: something was said that nobody here has heard."""
        self.memory = Memory()
        self._run = secrets.token_urlsafe(6)
        await self.end_all()

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        """The answer to a connect names the session, so that it can be taken up again."""
        if pkt.packet_type == packet.CONNECT and isinstance(pkt.data, dict):
            sid = pkt.data["sid"]
            pkt.data["pid"] = self._idents.setdefault(sid, secrets.token_urlsafe(18))
        await super()._send_packet(eio_sid, pkt)

    def leave(self, sid: str, reason: str) -> None:
        """Note who goes; who says goodbye does not come back."""
        ident = self._idents.pop(sid, None)
        if ident and reason not in (self.reason.CLIENT_DISCONNECT, self.reason.SERVER_DISCONNECT):
            self.memory.leave(ident, frozenset(self.rooms(sid)) - {sid, None})


def _frame(one: Said) -> bytes:
    return text_frame(one.text.encode())
