"""Outgoing requests: time-outs, small answers, and no way into the operator's own network."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping
from typing import Any

import httpcore
import httpx

from llmio.core.ports import HttpAnswer
from llmio.core.settings import Setting, Settings

SETTINGS = (
    Setting(
        "webhooks.allow_private",
        "LLMIO_WEBHOOKS_ALLOW_PRIVATE",
        "bool",
        default=False,
        help="Webhooks may go to private, loopback and link-local addresses: for chat servers in the same network.",
    ),
    Setting(
        "http.ssl_verify_off",
        "SSL_VERIFY_FALSE",
        "bool",
        default=False,
        aliases=("SSL_VERIFY_PEER_FALSE",),
        help="Outgoing requests do not check certificates. Only for a test set-up.",
    ),
)
TIMEOUT = httpx.Timeout(10.0, connect=5.0)
MAX_ANSWER = 10_000


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet at large."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


class GuardedBackend(httpcore.SyncBackend):
    """Connects to the very address that was checked, so that DNS cannot answer otherwise in between."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, refuse what is private, connect to the address found."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"no such host: {host}") from error
        public = [str(entry[4][0]) for entry in found if is_public(str(entry[4][0]))]
        if not public:
            raise httpcore.ConnectError(f"{host} is an address of a private network; the operator does not allow these")
        return super().connect_tcp(public[0], port, timeout, local_address, socket_options)


class GuardedHttp:
    """The Http port on httpx; redirects are not followed, since a webhook that moved must be entered anew."""

    def __init__(self, settings: Settings) -> None:
        self._private = settings.on("webhooks.allow_private")
        self._verify = not settings.on("http.ssl_verify_off")

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """POST; status 0 and the reason where no answer came."""
        if not url.startswith(("http://", "https://")):
            return HttpAnswer(0, {}, "not a web address")
        try:
            with self._client() as client, client.stream("POST", url, headers=dict(headers), content=body) as response:
                read = b""
                for piece in response.iter_bytes():
                    read += piece
                    if len(read) >= MAX_ANSWER:
                        break
                text = read[:MAX_ANSWER].decode(response.encoding or "utf-8", "replace")
                return HttpAnswer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, text)
        except (httpx.HTTPError, httpx.InvalidURL, httpcore.ConnectError, ValueError) as error:
            return HttpAnswer(0, {}, str(error) or type(error).__name__)

    def _client(self) -> httpx.Client:
        if self._private:
            return httpx.Client(timeout=TIMEOUT, verify=self._verify, trust_env=False)
        transport = httpx.HTTPTransport(verify=self._verify, trust_env=False)
        context = ssl.create_default_context()
        if not self._verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        transport._pool = httpcore.ConnectionPool(  # noqa: SLF001  # httpx offers no other way to give it a backend
            ssl_context=context, network_backend=GuardedBackend()
        )
        return httpx.Client(timeout=TIMEOUT, transport=transport, trust_env=False)
