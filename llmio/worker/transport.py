"""kombu's Redis transport with two changes: it looks for a lost server sooner, and makes one client, not two a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery.app.amqp import AMQP
from kombu import connection
from kombu.transport import redis


class Channel(redis.Channel):
    """Keeps the client that writes down what was taken and what is done.

    kombu makes a new one each time, with a table of all commands of Redis: a fifth of what a message costs.
    """

    _writer: Any = None

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        """The client given, or ours; it borrows its connections from the pool, so threads may share it."""
        if client:
            yield client
            return
        if self._writer is None or self._writer.connection_pool is not self.pool:  # the pool is new after a fork
            self._writer = self._create_client()  # type: ignore[no-untyped-call]  # kombu is untyped
        yield self._writer


class Transport(redis.Transport):
    """Makes such channels."""

    Channel = Channel


class Connection(connection.Connection):
    """Looks for a lost server every second or two; Celery would come to wait half a minute."""

    def get_transport_cls(self) -> Any:
        """Our transport."""
        return Transport

    def ensure_connection(self, *args: Any, **how: Any) -> Any:
        """Connect, however long it takes."""
        how |= {"interval_start": 0.5, "interval_step": 0.5, "interval_max": 2}
        return super().ensure_connection(*args, **how)  # type: ignore[no-untyped-call]  # kombu is untyped


class Amqp(AMQP):
    """Makes Celery use such connections."""

    Connection = Connection
