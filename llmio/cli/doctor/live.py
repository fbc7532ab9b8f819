"""WebSockets as browsers open them, through whatever stands in front: the live channel, and writing together."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.typing import Origin

from llmio.cli.doctor.findings import Finding, first_line, found
from llmio.cli.doctor.site import PATIENCE, Site
from llmio.live.channels import origins

OPENED: Final = "0{"
"""How Engine.IO begins (https://socket.io/docs/v4/engine-io-protocol)."""


def check(site: Site) -> Iterator[Finding]:
    """The live channel greets who comes from a page of this site."""
    url = site.app.settings.text("channels.url").rstrip("/")
    if not url:
        if site.in_production:
            yield found("live.unset", "CHANNELS_URL is not set")
        return
    try:
        greeting = _greeting(site, f"{url}/socket.io/?EIO=4&transport=websocket", wait=True)
    except InvalidStatus as error:
        yield _told(site, url, error)
        return
    except (WebSocketException, OSError, ValueError) as error:
        yield found("live.silent", f"{url}: {first_line(error)}")
        return
    if not greeting.startswith(OPENED):
        yield found("live.silent", f"{url} speaks no Socket.IO")


def _told(site: Site, url: str, error: InvalidStatus) -> Finding:
    """Why there is no WebSocket: perhaps plain requests are taken, and say more."""
    status = error.response.status_code
    try:
        plain = httpx.get(
            f"{_scheme(url, 'http')}/socket.io/?EIO=4&transport=polling",
            headers={"Origin": origins(site.app.settings)[0]},
            verify=ssl.create_default_context(),
            timeout=PATIENCE,
            trust_env=False,
        )
    except httpx.HTTPError:
        return found("live.silent", f"{url} answers {status}")
    if plain.is_success and plain.text.startswith(OPENED):
        return found("live.upgrade", f"{url} answers {status} to a WebSocket, and plain requests well")
    if "origin" in plain.text.lower():
        return found("live.origin", f"{url}: {plain.text.strip()[:200]}")
    return found("live.silent", f"{url} answers {status}: {plain.text.strip()[:100]}")


def collab(site: Site) -> Iterator[Finding]:
    """The server for writing together takes a WebSocket."""
    url = site.app.settings.text("hocuspocus.url")
    if not url:
        return
    try:
        _greeting(site, url, wait=False)
    except InvalidStatus as error:
        status = error.response.status_code
        code = "collab.silent" if status in (502, 503, 504) else "collab.upgrade"
        yield found(code, f"{url} answers {status}")
    except (WebSocketException, OSError, ValueError) as error:
        yield found("collab.silent", f"{url}: {first_line(error)}")


def _greeting(site: Site, url: str, *, wait: bool) -> str:
    """What is said first on a new WebSocket. Raises what the library raises."""
    address = _scheme(url, "ws")
    tls = ssl.create_default_context() if address.startswith("wss:") else None
    return asyncio.run(_first_word(address, Origin(origins(site.app.settings)[0]), tls, wait=wait))


async def _first_word(address: str, origin: Origin, tls: ssl.SSLContext | None, *, wait: bool) -> str:
    """In one thread: the library's other client reads and writes in two, where TLS may lose what is sent and wait for ever."""
    opening = connect(address, origin=origin, ssl=tls, proxy=None, open_timeout=PATIENCE, close_timeout=1)
    async with opening as socket, asyncio.timeout(PATIENCE):
        return str(await socket.recv()) if wait else ""


def _scheme(url: str, plain: str) -> str:
    """The same address with ws or http, encrypted where it was."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme=plain + ("s" if parts.scheme in ("https", "wss") else "")))
