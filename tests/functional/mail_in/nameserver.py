"""A real DNS server on loopback, with the records a test gives it."""

from __future__ import annotations

from dnslib import AAAA, MX, PTR, QTYPE, RCODE, RR, TXT, A
from dnslib.server import BaseResolver, DNSLogger, DNSServer

KINDS = {"A": A, "AAAA": AAAA, "TXT": TXT, "MX": MX, "PTR": PTR}


class Zone(BaseResolver):
    """Records by (name, kind); `broken` names are answered with a failure of the server."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list] = {}
        self.broken: set[str] = set()
        self.asked: list[tuple[str, str]] = []

    def add(self, name, kind, *values):
        self.records.setdefault((name.lower(), kind), []).extend(values)

    def resolve(self, request, handler):
        name, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        self.asked.append((name, kind))
        reply = request.reply()
        if name in self.broken:
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        for value in self.records.get((name, kind), ()):
            if kind == "TXT":
                data = TXT([value[start : start + 255].encode() for start in range(0, len(value), 255)])
            elif kind == "MX":
                data = MX(value, 10)
            else:
                data = KINDS[kind](value)
            reply.add_answer(RR(request.q.qname, request.q.qtype, rdata=data))
        if not any(known == name for known, _kind in self.records):
            reply.header.rcode = RCODE.NXDOMAIN
        return reply


def serve(zone):
    """(server, port)."""
    server = DNSServer(zone, port=0, address="127.0.0.1", logger=DNSLogger("-request,-reply,-truncated,-error"))
    server.start_thread()
    return server, server.server.server_address[1]
