"""Who may write in a document: asked of the site, by its address alone."""

from __future__ import annotations

import asyncio
import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from llmio.core.errors import Unavailable
from llmio.core.settings import Settings

PATH = "/api/hocuspocus"
SECONDS = 10.0
THREADS = 8


def address_of(settings: Settings) -> str:
    """The site, as this machine reaches it: PRIVATE_APP_URL, else PUBLIC_APP_URL, else CANONICAL_HOST."""
    given = settings.text("site.private") or settings.text("channels.origin")
    if given:
        return given.rstrip("/")
    port = f":{settings['site.port']}" if settings["site.port"] else ""
    scheme = "https" if settings["llmio.env"] == "production" else "http"
    return f"{scheme}://{settings.text('site.host')}{port}"


class Gate:
    """Asks with `POST /api/hocuspocus`: 200 yes, 401 no, anything else says nothing."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unavailable(f"PRIVATE_APP_URL must be the site's address, such as http://app:3000, not {address!r}")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/") + PATH
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gate")

    async def lets(self, token: str, name: str) -> bool:
        """Whether the owner of a token may write in a document; Unavailable where the site does not say."""
        body = json.dumps({"user_secret": token, "document_name": name}).encode()
        try:
            status = await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, body)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"the site does not answer: {error}") from error
        if status not in (200, 401, 403):
            raise Unavailable(f"the site answers {status}")
        return status == 200

    def close(self) -> None:
        """Ask no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, body: bytes) -> int:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=SECONDS)
        try:
            connection.request(
                "POST", self._path, body, {"Content-Type": "application/json", "Accept": "application/json"}
            )
            answer = connection.getresponse()
            answer.read(65_536)
            return answer.status
        finally:
            connection.close()
