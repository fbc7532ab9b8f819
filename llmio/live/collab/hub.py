"""All documents: opened when someone comes, kept as they are typed, packed and let go when nobody is there."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from llmio.core.errors import Unavailable
from llmio.live.collab import frames
from llmio.live.collab.document import Broken, Document
from llmio.live.collab.frames import FrameError, Sync
from llmio.live.collab.gate import Gate
from llmio.live.collab.guest import LATER, RESET, Seat
from llmio.live.collab.store import Store

log = logging.getLogger(__name__)
DAY = 86_400
SILENT = 3
"""Questions in a row that the site does not answer, after which it is asked no more for now."""


@dataclass(frozen=True)
class Limits:
    """What a connection and a document may take; sizes in bytes, times in seconds."""

    frame: int = 4_000_000
    document: int = 16_000_000
    loaded: int = 256_000_000
    """All documents in memory together."""
    connections: int = 5_000
    unread: int = 16_000_000
    """What may wait for a connection that does not read."""
    frames_per_second: float = 200
    frames_burst: float = 2_000
    bytes_per_second: float = 500_000
    bytes_burst: float = 16_000_000
    silence: float = 30
    """How long a connection may be without a document."""
    idle: float = 30
    """How long a document stays when the last one has left."""
    rows: int = 500
    """Updates on disk before they are packed into one."""
    check: float = 60
    """How often it is asked again whether people may write."""
    keep: float = 30 * DAY
    """How long a text is kept that nobody changes."""


class Hub:
    """Knows the documents that are open."""

    def __init__(self, store: Store, gate: Gate, limits: Limits) -> None:
        self.store = store
        self.gate = gate
        self.limits = limits
        self.connections = 0
        self.ailing = ""
        self.documents: dict[str, Document] = {}
        self._moving = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def open(self, name: str) -> Document:
        """The document of this name, from memory or disk; Unavailable where there is no more room."""
        async with self._moving:
            if name not in self.documents:
                if sum(document.size for document in self.documents.values()) > self.limits.loaded:
                    raise Unavailable("too many documents are open")
                try:
                    rows = await self.store.load(name)
                except Unavailable as error:
                    self._ail(error)
                    raise
                self.documents[name] = Document(name, rows, most=self.limits.document)
            return self.documents[name]

    def change(self, document: Document, seat: Seat, update: bytes) -> None:
        """Apply an update, tell the others at once, and the sender once it is on disk."""
        if self.documents.get(document.name) is not document:
            raise FrameError("the document was loaded anew")
        rows = document.rows
        try:
            heard = document.changes(update)
        except Broken:
            self._mistrust(document)
            raise
        if heard:
            document.tell(Sync.UPDATE, heard, besides=seat)
        if document.rows == rows:
            seat.send(frames.status(seat.key, kept=True))
            return
        self.background(self._acknowledge(seat, self.store.add(document.name, update)))
        if document.rows > self.limits.rows and not document.packing:
            document.packing = True
            self.background(self.pack(document))

    def left(self, document: Document) -> None:
        """Someone left a document."""
        if not document.seats:
            document.idle_since = asyncio.get_running_loop().time()

    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something beside."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def pack(self, document: Document) -> None:
        """Put one update in place of all on disk, if it takes that; a blank document is forgotten when nobody is there."""
        try:
            await self.store.written()
            updates = [] if not document.seats and document.is_blank() else document.packed()
            await self.store.replace(document.name, updates)
        except Unavailable as error:  # all is there as it was, in more rows
            self._ail(error)
        finally:
            document.packing = False

    async def let_go(self, *, all_of_them: bool = False) -> None:
        """Pack and drop documents that nobody has been in for a while."""
        due = asyncio.get_running_loop().time() - self.limits.idle
        for document in list(self.documents.values()):
            async with self._moving:
                if all_of_them or (not document.seats and document.idle_since <= due):
                    if document.rows > 1 or document.is_blank():
                        await self.pack(document)
                    if all_of_them or not document.seats:
                        self.documents.pop(document.name, None)

    async def ask_again(self) -> None:
        """Put out who may no longer write; where the site does not answer, everything stays as it is."""
        asked: dict[tuple[str, str], list[Seat]] = defaultdict(list)
        for document in list(self.documents.values()):
            for seat in document.seats:
                asked[document.name, seat.token].append(seat)
        silent = 0
        for (name, token), seats in asked.items():
            try:
                allowed = await self.gate.lets(token, name)
            except Unavailable as error:
                log.warning("rights in %s are not known again: %s", name, error)
                silent += 1
                if silent == SILENT:
                    return
                continue
            silent = 0
            for seat in () if allowed else seats:
                if seat in seat.document.seats and seat.token == token:
                    seat.guest.refuse(seat)

    async def upkeep(self) -> None:
        """What comes round by the clock, until cancelled."""
        loop = asyncio.get_running_loop()
        checked = swept = loop.time() - DAY
        while True:
            await asyncio.sleep(min(self.limits.idle, self.limits.check) / 2)
            try:
                await self.let_go()
                if loop.time() - checked >= self.limits.check:
                    checked = loop.time()
                    await self.ask_again()
                if loop.time() - swept >= DAY / 24:
                    swept = loop.time()
                    gone = await self.store.sweep(self.limits.keep, self.documents)
                    log.info("forgot %s documents that nobody changed for long", gone)
            except Exception:
                log.exception("upkeep failed; it goes on")

    async def close(self) -> None:
        """Write all that is there; no connection may be left."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.let_go(all_of_them=True)
        await self.store.close()
        self.gate.close()

    async def _acknowledge(self, seat: Seat, kept: asyncio.Future[None]) -> None:
        try:
            await kept
        except Unavailable as error:
            self._ail(error)
            with suppress(OSError):
                await seat.guest.socket.close(LATER, "try again later")  # the client sends it again when it is back
        else:
            self.ailing = ""
            seat.send(frames.status(seat.key, kept=True))

    def _ail(self, error: Unavailable) -> None:
        """Say it in the log, once; at `/health` until something is kept again."""
        if not self.ailing:
            log.error("nothing is kept: %s", error)
        self.ailing = str(error)

    def _mistrust(self, document: Document) -> None:
        """After an update that could not be applied, what is in memory may be half of it: the disk is right."""
        self.documents.pop(document.name, None)
        for seat in list(document.seats):
            seat.guest.end(RESET, "Reset Connection")
