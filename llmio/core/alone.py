"""Work that one process does at a time, in the whole site."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from llmio.core.errors import Conflict

if TYPE_CHECKING:
    from llmio.core.app import App


@contextmanager
def alone(app: App, key: int, busy: object) -> Iterator[None]:
    """Hold the lock of this number meanwhile; Conflict with these words where somebody else holds it.

    The lock belongs to a transaction that does nothing else: it falls with the process, and a pool that hands each
    transaction another connection keeps it where it is.
    """
    with app.connect() as connection, connection.begin():
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}):
            raise Conflict(busy)
        yield
