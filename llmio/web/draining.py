"""Ending a process that serves pages without losing a request (Linux).

A listening socket that is closed resets the connections that wait to be accepted, and what was asked on them is lost. So
the end has an order: the kernel drops new handshakes (the client tries again by itself), what waits is accepted, the socket
is closed (whoever comes from now on is refused at once, and a proxy goes to its next server), and what is under way is
finished. Only then is the server told to end.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

SO_ATTACH_FILTER = 26
ONLY_BEGUN = ((0x30, 0, 0, 13), (0x54, 0, 0, 0x12), (0x15, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
"""Classic BPF on the TCP header of what reaches the listening socket. Of the flags SYN and ACK (byte 13, mask 0x12) a SYN
alone begins a handshake and is dropped; an ACK belongs to one that has begun, and is let through."""
HANDSHAKE_SECONDS = 0.05
"""Time for handshakes that had begun; nobody can be asked about them."""
IDLE_SECONDS = 1.0
"""After which connections that stay open and ask nothing are left to the server, which closes them."""
TICK = 0.01
ESTABLISHED, CLOSE_WAIT = 1, 8
"""States of TCP in which the other side may still get an answer."""


class Draining:
    """A WSGI application that knows how many requests it is answering, and can drain the process it runs in."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._ending = False
        self._lock = threading.Lock()
        self._running = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer; while we end, with the word that nothing more should be asked on this connection."""

        def last(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, ("Connection", "close")] if self._ending else headers, *rest)

        self._count(1)
        answer: Iterable[bytes] = ()
        try:
            answer = self._application(environ, last)
        finally:
            if isinstance(answer, (list, tuple)):
                self._count(-1)
        return answer if isinstance(answer, (list, tuple)) else Streamed(answer, lambda: self._count(-1))

    def _count(self, number: int) -> None:
        with self._lock:
            self._running += number

    def drain(self, port: int, seconds: float) -> None:
        """Take nothing new on this port, and wait for what is under way, at most so long."""
        end = time.monotonic() + seconds
        self._ending = True
        if sys.platform == "linux":
            stop_listening(port, end)
        active = time.monotonic()
        while time.monotonic() < end and (self._running or sys.platform != "linux" or connections(port)):
            if self._running:
                active = time.monotonic()
            elif time.monotonic() - active > IDLE_SECONDS:
                return
            time.sleep(TICK)


class Streamed:
    """An answer that is made while it is sent; tells when that has ended, however it ends."""

    def __init__(self, answer: Iterable[bytes], ended: Callable[[], None]) -> None:
        self._answer = answer
        self._ended = weakref.finalize(self, ended)

    def __iter__(self) -> Iterator[bytes]:
        """What is sent."""
        yield from self._answer
        self._ended()

    def close(self) -> None:
        """End it now."""
        self._ended()
        if hasattr(self._answer, "close"):
            self._answer.close()


def stop_listening(port: int, end: float) -> None:
    """Let what waits be accepted, then close, by putting a dead socket in the place of the server's listening one."""
    begin_nothing(port)
    quiet_since = time.monotonic()
    while time.monotonic() < min(end, quiet_since + HANDSHAKE_SECONDS):
        if any(_waiting(one) for _number, one in _sockets(port) if _listens(one)):
            quiet_since = time.monotonic()
        time.sleep(TICK)
    with socket.socket() as dead:
        for number, one in _sockets(port):
            if _listens(one):
                os.dup2(dead.fileno(), number, inheritable=False)


def begin_nothing(port: int) -> None:
    """From now on the kernel drops whoever knocks at the port; clients knock again after a second."""
    for _number, one in _sockets(port):
        if _listens(one):
            _attach(one, ONLY_BEGUN)


def connections(port: int) -> int:
    """How many connections on this port the process holds on which the other side may still wait."""
    return sum(_state(one) in (ESTABLISHED, CLOSE_WAIT) for _number, one in _sockets(port) if not _listens(one))


def _sockets(port: int) -> Iterator[tuple[int, socket.socket]]:
    """The TCP sockets of the process on a port, with their numbers; each is open until the next is asked for."""
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError), _opened(int(entry.name)) as one:
            named = one.getsockname() if one.type == socket.SOCK_STREAM else ""
            if isinstance(named, tuple) and named[1] == port:
                yield int(entry.name), one


@contextmanager
def _opened(number: int) -> Iterator[socket.socket]:
    """A copy of a socket that is another's; OSError where it is none, or none any more."""
    copy = os.dup(number)
    try:
        one = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
    with one:
        yield one


def _listens(one: socket.socket) -> bool:
    return bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _state(one: socket.socket) -> int:
    return one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def _waiting(one: socket.socket) -> int:
    """Connections that wait to be accepted: `tcpi_unacked`, the fifth number after eight bytes, of a listening socket."""
    known = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28)
    return int(struct.unpack_from("I", known, 24)[0])


def _attach(one: socket.socket, program: tuple[tuple[int, int, int, int], ...]) -> None:
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    one.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(code)))
