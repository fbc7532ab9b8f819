"""A receiver of webhooks that behaves as vendors' do: answers by script, hangs, dribbles, redirects."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Got:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Receiver:
    """Answers are given one by one, then 200. An answer that is a function gets the handler and does as it likes."""

    url: str
    got: list[Got] = field(default_factory=list)
    answers: list[Answer | Callable[[Any], None]] = field(default_factory=list)
    slow: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    """Path → what is done instead, each time."""
    done: threading.Event = field(default_factory=threading.Event)
    """Set at the end: whoever hangs lets go."""

    def hang(self, handler: Any) -> None:
        """Take the request and say nothing."""
        self.done.wait(600)

    def dribble(self, handler: Any) -> None:
        """Send a header, a letter at a time, and never come to an end."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not self.done.wait(0.05):
            try:
                handler.wfile.write(b"x")
                handler.wfile.flush()
            except OSError:
                return


@contextmanager
def receiver(host: str = "127.0.0.1", port: int = 0) -> Iterator[Receiver]:
    """One that listens on an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.got.append(Got(self.command, self.path, headers, body))
            self.close_connection = True
            act = made.slow.get(self.path) or (made.answers.pop(0) if made.answers else (200, {}, b"ok"))
            if callable(act):
                act(self)
                return
            status, fields, text = act
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text)), **fields}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_PUT = do_GET = _take

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    made = Receiver(f"http://{host}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.done.set()
        server.shutdown()
        server.server_close()
