"""The server: WebSockets in front of the hub, a page of health beside them."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as listen

from llmio.core.errors import Unavailable
from llmio.core.settings import Settings
from llmio.live.collab.gate import Gate, address_of
from llmio.live.collab.guest import Guest
from llmio.live.collab.hub import DAY, Hub, Limits
from llmio.live.collab.store import Store

if TYPE_CHECKING:
    from websockets.http11 import Request, Response

log = logging.getLogger(__name__)
FILE = Path("hocuspocus") / "documents.sqlite3"
"""Below LLMIO_DATA."""
PING_SECONDS = 30


def limits_of(settings: Settings) -> Limits:
    """The limits, as far as they are settings."""
    return Limits(
        keep=settings.number("hocuspocus.keep_days") * DAY,
        check=settings.number("hocuspocus.check_seconds"),
        connections=settings.number("hocuspocus.connections"),
    )


def answer(hub: Hub, connection: ServerConnection, request: Request) -> Response | None:
    """What is no WebSocket: health at `/health`, else one line; None where a WebSocket may begin."""
    if request.headers.get("Upgrade", "").lower() == "websocket":
        return connection.respond(503, "too many connections\n") if hub.connections >= hub.limits.connections else None
    if request.path.partition("?")[0] != "/health":
        return connection.respond(200, "llmio hocuspocus\n")
    body = {
        "status": "unwell" if hub.ailing else "ok",
        "failed": ["store"] if hub.ailing else [],
        "connections": hub.connections,
        "documents": len(hub.documents),
    }
    response = connection.respond(503 if hub.ailing else 200, json.dumps(body) + "\n")
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json"
    return response


async def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; Unavailable where it cannot begin."""
    gate = Gate(address_of(settings))
    hub = Hub(Store(Path(settings.text("llmio.data")) / FILE), gate, limits_of(settings))

    async def stay(connection: ServerConnection) -> None:
        hub.connections += 1
        try:
            await Guest(hub, connection).stay()
        finally:
            hub.connections -= 1

    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, told_to_stop.set)
    try:
        server = await listen(
            stay,
            host,
            port,
            process_request=lambda connection, request: answer(hub, connection, request),
            max_size=hub.limits.frame,
            compression=None,  # a frame is some hundred bytes; the memory of a compressor is 300 kB a connection
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            server_header=None,
        )
    except OSError as error:
        raise Unavailable(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    log.info("writing together on port %s, rights by %s", port, address_of(settings))
    upkeep = asyncio.create_task(hub.upkeep())
    await told_to_stop.wait()
    upkeep.cancel()
    server.close()  # 1001: clients come back by themselves when there is a server again
    await server.wait_closed()
    with suppress(asyncio.CancelledError):
        await upkeep
    await hub.close()
