"""Outgoing requests: they end in time, answers are small, and none goes into the operator's own network."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from llmio.core.errors import Unavailable
from llmio.core.measures import measures
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
        "webhooks.allow_networks",
        "LLMIO_WEBHOOKS_ALLOW_NETWORKS",
        "list",
        default=(),
        help="Private networks that webhooks may go to, such as 10.1.0.0/16 192.168.7.20; all others stay closed.",
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
MAX_ANSWER = 10_000
PIECE = 1 << 16
REDIRECTS = 3
FOLLOWED = frozenset({301, 302, 307, 308})
"""Redirects after which the same request is sent to the new address; after 303 it would be another request."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")
SIIT = ipaddress.ip_network("::ffff:0:0:0/96")
OLD_IPV4 = ipaddress.ip_network("::/96")
CLOSED = tuple(
    ipaddress.ip_network(one)
    for one in (
        "192.0.0.0/24",  # metadata of Oracle's cloud among others
        "168.63.129.16/32",  # what machines of Azure ask about themselves
        "192.88.99.0/24",
        "64:ff9b:1::/48",  # NAT64 of one's own network
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
"""Beside what Python calls private, which differs from version to version: https://www.iana.org/assignments/iana-ipv4-special-registry/,
https://www.iana.org/assignments/iana-ipv6-special-registry/, and public addresses at which clouds tell their machines secrets."""
SECRET = frozenset({"authorization", "cookie"})
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], list[str]]
Reader = Callable[[httpx.Response], str]
"""Reads an answer; what it returns is the answer's text."""


@dataclass(frozen=True)
class Times:
    """Seconds to connect, to wait for the next bytes, and for a request with all its redirects; for a file."""

    connect: float = 3.0
    read: float = 10.0
    whole: float = 15.0
    file: float = 300.0


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet at large."""
    return _is_public(ipaddress.ip_address(address.split("%", maxsplit=1)[0]))


def _is_public(found: Address) -> bool:
    inner = inner_of(found)
    if inner is not None:
        return _is_public(inner)
    return found.is_global and not found.is_multicast and not any(found in one for one in CLOSED)


def inner_of(found: Address) -> Address | None:
    """The IPv4 address that one of IPv6 stands for; where a packet really goes."""
    if isinstance(found, ipaddress.IPv4Address):
        return None
    if found in NAT64 or found in SIIT or (found in OLD_IPV4 and int(found) > 1):
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    teredo = found.teredo[1] if found.teredo else None
    return found.ipv4_mapped or found.sixtofour or teredo


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system finds them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Which addresses may be connected to."""

    def __init__(self, settings: Settings) -> None:
        self._all = settings.on("webhooks.allow_private")
        self._networks: list[Network] = []
        for text in settings["webhooks.allow_networks"] or ():
            try:
                self._networks.append(ipaddress.ip_network(text, strict=False))
            except ValueError:
                raise Unavailable(f"LLMIO_WEBHOOKS_ALLOW_NETWORKS: {text} is no network such as 10.1.0.0/16") from None

    def allows(self, address: str) -> bool:
        """Whether an address is public, or the operator allows it."""
        if self._all or is_public(address):
            return True
        found: Address = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
        found = inner_of(found) or found
        return any(found.version == network.version and found in network for network in self._networks)


class TimedStream(httpcore.NetworkStream):
    """A connection that ends at a moment, however little at a time the other side sends."""

    def __init__(self, stream: httpcore.NetworkStream, end: float) -> None:
        self._stream, self._end = stream, end

    def _left(self, timeout: float | None) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer took too long")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes."""
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        """End it."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted."""
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, self._left(timeout)), self._end)

    def get_extra_info(self, info: str) -> Any:
        """What the connection is made of."""
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore.SyncBackend):
    """Connects to the very address that was checked, so that DNS cannot answer otherwise in between."""

    def __init__(self, guard: Guard, find: Resolve, end: float) -> None:
        super().__init__()
        self._guard, self._find, self._end = guard, find, end

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, refuse what is private, connect to the first address that answers."""
        try:
            found = self._find(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"no such host: {host}") from error
        allowed = [one for one in found if self._guard.allows(one)]
        if not allowed:
            raise httpcore.ConnectError(f"{host} is an address of a private network; the operator does not allow these")
        for place, address in enumerate(allowed[:3], start=1):
            left = max(0.1, min(timeout or Times.connect, self._end - time.monotonic()))
            try:
                made = super().connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if place == len(allowed[:3]):
                    raise
            else:
                return TimedStream(made, self._end)
        raise httpcore.ConnectError(f"no address of {host} answers")


class GuardedHttp:
    """The Http port on httpx. Each redirect is checked like the first address, and never leads away from encryption."""

    def __init__(self, settings: Settings, *, find: Resolve = resolve, times: Times | None = None) -> None:
        self._guard, self._find, self._times = Guard(settings), find, times or Times()
        self._context = ssl.create_default_context()
        if settings.on("http.ssl_verify_off"):
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """POST; status 0 and the reason where no answer came."""
        return self.request("POST", url, headers=headers, body=body)

    def request(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"") -> HttpAnswer:
        """Send a request; status 0 and the reason where no answer came."""
        return self._followed(method, url, headers, body, self._times.whole, _text)

    def fetch(self, url: str, into: IO[bytes], *, max_bytes: int) -> HttpAnswer:
        """GET a file, written as it comes; status 0 and the reason where it did not come whole."""

        def written(response: httpx.Response) -> str:
            if response.status_code != HTTPStatus.OK:
                return _text(response)
            into.seek(0)
            into.truncate()
            for piece in response.iter_raw(PIECE):
                into.write(piece)
                if into.tell() > max_bytes:
                    raise ValueError(f"the file is larger than {max_bytes:,} bytes")
            return ""

        return self._followed("GET", url, {}, b"", self._times.file, written)

    def _followed(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, seconds: float, read: Reader
    ) -> HttpAnswer:
        answer = self._hops(method, url, headers, body, seconds, read)
        measures.count("llmio_outgoing_requests", f"{answer.status // 100}xx" if answer.status else "no answer")
        return answer

    def _hops(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, seconds: float, read: Reader
    ) -> HttpAnswer:
        end, sent = time.monotonic() + seconds, {**headers, "Accept-Encoding": "identity"}
        for _hop in range(REDIRECTS + 1):
            answer = self._once(method, url, sent, body, end, read)
            if answer.status not in FOLLOWED or not answer.headers.get("location"):
                return answer
            before, url = url, _joined(url, answer.headers["location"])
            if before.startswith("https://") and not url.startswith("https://"):
                return HttpAnswer(answer.status, answer.headers, "it leads to an address without encryption")
            if _origin(before) != _origin(url):
                sent = {name: value for name, value in sent.items() if name.lower() not in SECRET}
        return HttpAnswer(answer.status, answer.headers, f"more than {REDIRECTS} redirects")

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, end: float, read: Reader
    ) -> HttpAnswer:
        if not url.startswith(("http://", "https://")):
            return HttpAnswer(0, {}, "not a web address")
        try:
            with self._client(end) as client, client.stream(method, url, headers=headers, content=body) as response:
                text = read(response)
                found = {name.lower(): value for name, value in response.headers.items()}
                found.setdefault("date", formatdate(usegmt=True))  # RFC 9110, 6.6.1: who has a clock adds it
                return HttpAnswer(response.status_code, found, text)
        except (httpx.HTTPError, httpx.InvalidURL, httpcore.ConnectError, ValueError) as error:
            return HttpAnswer(0, {}, _words(error))

    def _client(self, end: float) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=self._context, trust_env=False)
        transport._pool = httpcore.ConnectionPool(  # noqa: SLF001  # httpx offers no other way to give it a backend
            ssl_context=self._context, network_backend=GuardedBackend(self._guard, self._find, end)
        )
        timeout = httpx.Timeout(self._times.read, connect=self._times.connect)
        return httpx.Client(timeout=timeout, transport=transport, trust_env=False, follow_redirects=False)


ERRNO = re.compile(r"^\[Errno -?\d+\] ")
WORDS: dict[type[Exception], str] = {
    httpx.ConnectTimeout: "no connection in time",
    httpx.ReadTimeout: "no answer in time",
    httpx.WriteTimeout: "the other side takes nothing",
}


def _words(error: Exception) -> str:
    said = ERRNO.sub("", str(error))
    return WORDS.get(type(error), said or type(error).__name__) if said in ("", "timed out") else said


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _text(response: httpx.Response) -> str:
    """The beginning of an answer."""
    read = b""
    for piece in response.iter_raw(1000):  # as it comes: a small packed answer may unpack to a huge one
        read += piece
        if len(read) >= MAX_ANSWER:
            break
    return read[:MAX_ANSWER].decode(_charset(response), "replace")


def _charset(response: httpx.Response) -> str:
    try:
        "".encode(response.encoding or "utf-8")
    except LookupError:
        return "utf-8"
    return response.encoding or "utf-8"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        found = parts.scheme, parts.hostname, parts.port
    except ValueError:
        return "", None, None
    return found
