"""Questions to the domain name system, as checks of senders ask them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import dns.exception
import dns.resolver

from llmio.core.errors import Unavailable

TIMEOUT = 5.0
PORT = 53


class Unanswered(Exception):
    """No server answered: later there may be an answer."""


class Resolver(Protocol):
    """Answers by name and type; an empty list where there are none."""

    def lookup(self, name: str, kind: str) -> list[Any]:
        """TXT: tuples of bytes · A, AAAA, PTR: text · MX: (preference, name). Raises Unanswered."""
        ...


class DnsResolver:
    """The machine's resolver, or the servers that the operator names (`address` or `address:port`)."""

    def __init__(self, servers: Sequence[str] = (), timeout: float = TIMEOUT) -> None:
        try:
            self._resolver = dns.resolver.Resolver(configure=not servers)
        except dns.resolver.NoResolverConfiguration:
            raise Unavailable("this machine knows no DNS server; name one with LLMIO_DNS_SERVERS") from None
        if servers:
            pairs = [_server(one) for one in servers]
            self._resolver.nameservers = [host for host, _port in pairs]
            self._resolver.nameserver_ports = dict(pairs)
        self._resolver.lifetime = timeout
        self._resolver.timeout = min(timeout, 3.0)

    def lookup(self, name: str, kind: str) -> list[Any]:
        """As the protocol says."""
        try:
            answer = self._resolver.resolve(name, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN):
            return []
        except (dns.resolver.NoNameservers, dns.exception.Timeout) as error:
            raise Unanswered(str(error)) from error
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return []  # no name at all
        return [_value(record, kind) for record in answer]


def _server(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if colon and port.isdecimal() and (host.count(":") == 0 or host.startswith("[")):
        return host.strip("[]"), int(port)
    return text.strip("[]"), PORT


def _value(record: Any, kind: str) -> Any:
    if kind == "TXT":
        return tuple(record.strings)
    if kind == "MX":
        return record.preference, record.exchange.to_text(omit_final_dot=True)
    if kind == "PTR":
        return record.target.to_text(omit_final_dot=True)
    return record.address
