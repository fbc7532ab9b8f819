"""How long somebody who is waited for waits for the database.

A server that is frozen, or behind a firewall that drops packets, says neither yes nor no: whoever asks waits for ever, and
soon all who serve pages do. So what a request asks is given up after a while, within `patient(seconds)`. Nothing else has
such a bound: jobs, exports and migrations may ask what takes hours.

`statement_timeout` would not do: it is the frozen server that would have to keep it. Neither would keepalives: the kernel
of a machine whose server is frozen answers them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import capabilities

PING_SECONDS = 5.0
"""For the question whether a connection that lay idle still lives; if it does not, a new one is tried."""
CANCEL_SECONDS = 2
"""Given to a server to stop a statement; if it lives, the connection is kept."""


class NoAnswer(psycopg.OperationalError):
    """The database did not answer in time."""


@dataclass
class Patience:
    """What one request has left of it."""

    seconds: float
    lost: bool = False
    """Whether it has waited in vain; it does not wait again."""
    unknown: bool = False
    """Whether it had said COMMIT, and no answer came."""


_of_this_request: ContextVar[Patience | None] = ContextVar("patience", default=None)


@contextmanager
def _held(patience: Patience | None) -> Iterator[None]:
    token = _of_this_request.set(patience)
    try:
        yield
    finally:
        _of_this_request.reset(token)


@contextmanager
def patient(seconds: float) -> Iterator[Patience]:
    """Within, no answer of the database is waited for longer than so."""
    made = Patience(seconds)
    with _held(made):
        yield made


def unbounded() -> AbstractContextManager[None]:
    """Within, as long as it takes, also in a request."""
    return _held(None)


@contextmanager
def hasty() -> Iterator[None]:
    """Where a bound is set, a shorter one: what is asked within takes no time. To have waited in vain means nothing yet."""
    outer = _of_this_request.get()
    if outer is None or outer.lost:
        yield
    else:
        with patient(min(outer.seconds, PING_SECONDS)):
            yield


def _until(gen: Generator[Any, int, Any], end: float, *, begun: bool = False) -> Generator[Any, int, Any]:
    """What psycopg does on a connection, given up where nothing comes until then. It asks again ten times a second."""
    try:
        wanted = gen.send(0) if begun else next(gen)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() >= end:
                raise NoAnswer("the database did not answer in time")
            wanted = gen.send(ready)
    except StopIteration as done:
        return done.value


class Connection(psycopg.Connection[Any]):
    """One that keeps to the patience of whoever uses it."""

    door: Door

    def wait(self, gen: Any, *args: Any, **more: Any) -> Any:
        """As psycopg waits; raises NoAnswer where it takes too long, and ends the connection unless the server lives."""
        held = _of_this_request.get()
        if held is None:
            return super().wait(gen, *args, **more)
        if held.lost:
            self.pgconn.finish()
            raise NoAnswer("the database did not answer before")
        try:
            return super().wait(_until(gen, time.monotonic() + held.seconds), *args, **more)
        except NoAnswer:
            return self._stop(gen, held)

    def _stop(self, gen: Any, held: Patience) -> Any:
        """Have the server stop what it does; what came meanwhile counts, also that it has committed."""
        if self._told_to_stop():
            with suppress(NoAnswer):
                return super().wait(_until(gen, time.monotonic() + CANCEL_SECONDS, begun=True))
        held.lost = True
        self.door.shut = True
        self.pgconn.finish()
        raise NoAnswer("the database did not answer in time")

    def _told_to_stop(self) -> bool:
        if not capabilities.has_cancel_safe():  # libpq before 17 would wait for ever, too
            return False
        try:
            self.cancel_safe(timeout=CANCEL_SECONDS)
        except psycopg.Error:
            return False
        return True

    def commit(self) -> None:
        """As psycopg; notes where the answer did not come."""
        held = _of_this_request.get()
        waits = held is not None and not held.lost
        try:
            super().commit()
        except NoAnswer:
            if held is not None:
                held.unknown = waits
            raise


class Door:
    """The way to one database. While it is shut one request at a time knocks, and all others are told at once."""

    def __init__(self) -> None:
        self.shut = False
        self._knocks = threading.Lock()

    def connect(self, _dialect: Any, _record: Any, args: list[Any], options: dict[str, Any]) -> Connection:
        """A connection (SQLAlchemy's `do_connect`)."""
        held = _of_this_request.get()
        if held is None:
            return self._opened(args, options)
        knocks = self.shut
        if held.lost or (knocks and not self._knocks.acquire(blocking=False)):
            held.lost = True
            raise NoAnswer("the database did not answer before")
        try:
            seconds = int(options.get("connect_timeout") or 0) or held.seconds
            return self._opened(args, options | {"connect_timeout": int(min(seconds, held.seconds))})
        except psycopg.errors.ConnectionTimeout:
            held.lost = self.shut = True
            raise
        finally:
            if knocks:
                self._knocks.release()

    def _opened(self, args: list[Any], options: dict[str, Any]) -> Connection:
        made = Connection.connect(*args, **options)
        made.door = self
        self.shut = False
        return made
