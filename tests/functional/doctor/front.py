"""A reverse proxy on loopback with TLS, which a test lets do wrong what proxies do wrong."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Front:
    """Leads each path to a server behind; headers are set as these switches say."""

    tls: ssl.SSLContext
    routes: dict[str, int] = field(default_factory=dict)
    """Beginning of a path → port; "" is all else."""
    says_https: bool = True
    client: str = "append"
    """What becomes of X-Forwarded-For: `append`, `drop` or `pass` (handed on as it came)."""
    host: str = ""
    """Another host that is asked for; empty: as people do."""
    upgrades: bool = True
    drops_origin: bool = False

    def __post_init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        with suppress(asyncio.CancelledError), asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._accept())

    async def _accept(self):
        self.accepting = asyncio.current_task()
        async with asyncio.TaskGroup() as people:
            while True:
                plain, _address = await self.loop.sock_accept(self.listener)
                people.create_task(self._encrypt(plain))

    async def _encrypt(self, plain):
        """In this one thread, since TLS is not to be read in one and written in another; by the certificate of this moment."""
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        with suppress(OSError):
            transport, _protocol = await self.loop.connect_accepted_socket(lambda: protocol, plain, ssl=self.tls)
            writer = asyncio.StreamWriter(transport, protocol, reader, self.loop)
            try:
                await self._serve(reader, writer)
            finally:
                writer.close()

    async def _serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        first, *lines = head.removesuffix(b"\r\n\r\n").decode("latin-1").split("\r\n")
        path = first.split(" ")[1]
        port = next((self.routes[one] for one in self.routes if one and path.startswith(one)), self.routes.get(""))
        if port is None:
            return
        headers = self._headers(dict(line.split(": ", 1) for line in lines))
        told = "\r\n".join([first, *(f"{name}: {value}" for name, value in headers.items())])
        answers, behind = await asyncio.open_connection("127.0.0.1", port)
        try:
            behind.write(f"{told}\r\n\r\n".encode("latin-1"))
            sides = [asyncio.create_task(_pipe(*pair)) for pair in ((reader, behind), (answers, writer))]
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            for side in sides:
                side.cancel()
        finally:
            behind.close()

    def _headers(self, headers):
        headers = {name.title(): value for name, value in headers.items()}
        upgrading = self.upgrades and "Upgrade" in headers
        if not upgrading:
            headers = {name: value for name, value in headers.items() if name != "Upgrade"} | {"Connection": "close"}
        if self.says_https:
            headers["X-Forwarded-Proto"] = "https"
        came = headers.pop("X-Forwarded-For", "")
        if self.client == "append":
            headers["X-Forwarded-For"] = f"{came}, 127.0.0.1".strip(", ")
        elif self.client == "pass" and came:
            headers["X-Forwarded-For"] = came
        if self.host:
            headers["Host"] = self.host
        return headers

    def close(self):
        self.loop.call_soon_threadsafe(self.accepting.cancel)
        self.thread.join(10)
        self.listener.close()


async def _pipe(source, target):
    """Until one of the two ends it."""
    with suppress(OSError):
        while piece := await source.read(65536):
            target.write(piece)
            await target.drain()
