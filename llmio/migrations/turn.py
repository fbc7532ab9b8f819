"""Whose turn it is: one process at a time brings a database up to date; others wait, and say for whom."""

from __future__ import annotations

import logging

from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from llmio.core.errors import Unavailable
from llmio.core.i18n import _

LOCK = 0x11A0_0001
"""Advisory lock that a migrator holds: of two that start together, the second waits and finds nothing to do."""
WAIT_FOR_OTHERS = "10min"
HOLDERS = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 "
    f"AND objid = {LOCK} AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)

log = logging.getLogger(__name__)


def take(connection: Connection) -> None:
    """Take the lock, for the session. Raises Unavailable where another process has it for too long."""
    if connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
        return
    log.warning("Another process (%s) brings this database up to date: waiting for its end.", _holder(connection))
    # A limit of the role's own is meant for pages.
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(text(f"SET lock_timeout = '{WAIT_FOR_OTHERS}'"))
    try:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        connection.rollback()
        raise Unavailable(
            _("Another process (PostgreSQL's {pid}) brings this database up to date, and has not ended within {time}. Nothing was "
              "done: see whether it still works, and run this again after its end.", pid=_holder(connection), time=WAIT_FOR_OTHERS)
        ) from error  # fmt: skip


def give_back(connection: Connection) -> None:
    """Let the next one have it."""
    connection.rollback()
    connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
    connection.commit()


def _holder(connection: Connection) -> str:
    return ", ".join(str(pid) for pid in connection.scalars(text(HOLDERS))) or "?"
