"""A reverse proxy on loopback with TLS, which a test lets do wrong what proxies do wrong."""

from __future__ import annotations

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
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                plain, _address = self.listener.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        with suppress(OSError, ValueError), self.tls.wrap_socket(plain, server_side=True) as person:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (piece := person.recv(65536)):
                    return
                head += piece
            first, *lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
            path = first.split(" ")[1]
            port = next((self.routes[one] for one in self.routes if one and path.startswith(one)), self.routes.get(""))
            if port is None:
                return
            headers = self._headers(dict(line.split(": ", 1) for line in lines))
            with socket.create_connection(("127.0.0.1", port)) as behind:
                told = "\r\n".join([first, *(f"{name}: {value}" for name, value in headers.items())])
                behind.sendall(f"{told}\r\n\r\n".encode("latin-1"))
                back = threading.Thread(target=_pipe, args=(behind, person), daemon=True)
                back.start()
                _pipe(person, behind)
                back.join(10)

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
        self.listener.close()


def _pipe(source, target):
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
