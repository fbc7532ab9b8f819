"""A way to a server on which all falls silent, as where the server is frozen or a firewall drops packets."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import make_url


class Way:
    """Passes on what comes to `port`; connections made while it is silent are taken, and nothing is said on them."""

    def __init__(self, target: str | tuple[str, int]) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._speaks = threading.Event()
        self._speaks.set()
        self._silent_after: bytes | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._open: list[socket.socket] = []
        self._ended = False
        threading.Thread(target=self._pass_on, daemon=True).start()

    def fall_silent(self) -> None:
        """From now on nothing passes."""
        self._speaks.clear()

    def fall_silent_after(self, word: bytes) -> None:
        """Pass on the next message with this word, and nothing any more."""
        self._silent_after = word

    @property
    def silent(self) -> bool:
        """Whether nothing passes."""
        return not self._speaks.is_set()

    def speak(self) -> None:
        """Pass on what has waited, and all that comes."""
        self._speaks.set()

    def end(self) -> None:
        """Break off all."""
        self._ended = True
        self.speak()
        for one in (self._listening, *self._open):
            one.close()

    def _pass_on(self) -> None:
        while not self._ended:
            ready = self._selector.select(0.02)
            if self.silent:
                self._speaks.wait()
                continue
            key = ready[0][0] if ready else None
            with suppress(OSError):
                if key is not None and key.data is None:
                    self._meet()
                elif key is not None:
                    self._carry(key.fileobj, key.data)

    def _meet(self) -> None:
        here, _who = self._listening.accept()
        there = socket.socket(socket.AF_UNIX if isinstance(self._target, str) else socket.AF_INET)
        there.connect(self._target)
        self._open += [here, there]
        self._selector.register(here, selectors.EVENT_READ, there)
        self._selector.register(there, selectors.EVENT_READ, here)

    def _carry(self, giver: socket.socket, taker: socket.socket) -> None:
        words = b""
        with suppress(OSError):
            words = giver.recv(1 << 16)
        if words:
            taker.sendall(words)
            if self._silent_after and self._silent_after in words:
                self._silent_after = None
                self.fall_silent()
            return
        for one in (giver, taker):
            self._selector.unregister(one)
            one.close()


@contextmanager
def way_to(url: str):
    """A way to the server of an address, and the address that leads over it."""
    address = make_url(url)
    port = int(address.query.get("port") or address.port or 5432)
    folder = str(address.query.get("host") or "")
    target = str(Path(folder) / f".s.PGSQL.{port}") if folder.startswith("/") else (address.host or folder, port)
    way = Way(target)
    over = address.difference_update_query(["host", "port"]).set(host="127.0.0.1", port=way.port)
    try:
        yield way, over.render_as_string(hide_password=False)
    finally:
        way.end()
