"""Whose turn it is: one process at a time brings a database up to date; others wait, and say for whom."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from psycopg.errors import LockNotAvailable, QueryCanceled
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from llmio.core.errors import Unavailable
from llmio.core.i18n import _

LOCK = 0x11A0_0001
"""Advisory lock that a migrator holds: of two that start together, the second waits and finds nothing to do."""
PLUGINS = 0x11A0_0002
"""Likewise of a transaction that makes the tables of a plugin."""
WAIT_FOR_OTHERS = "10min"
LIMITS = {"lock_timeout": "5s", "statement_timeout": "10min"}
"""A migration that waits for a table blocks everyone behind it, so it rather gives up and is tried again."""
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


def take_for_plugins(connection: Connection) -> None:
    """Wait until no other process makes tables of plugins; none will until the transaction's end."""
    limit(connection, {"lock_timeout": WAIT_FOR_OTHERS, "statement_timeout": "0"}, local=True)
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": PLUGINS})


def limit(connection: Connection, told: Mapping[str, str], *, local: bool = False) -> None:
    """How long a migration waits for a table, and how long a statement may take; `local` to this transaction."""
    for name, usual in LIMITS.items():
        values = {"name": name, "value": told.get(name, usual), "local": local}
        connection.execute(text("SELECT set_config(:name, :value, :local)"), values)


def stopped(error: OperationalError) -> Exception:
    """A time-out, in words; anything else as it is."""
    told = str(error.orig).splitlines()[0]
    if isinstance(error.orig, LockNotAvailable):
        return Unavailable(
            _("A table that must change is in use ({why}). Finished migrations stay, nothing is half done: run it again when the "
              "site is quiet, or with a longer --lock-timeout.", why=told)
        )  # fmt: skip
    if isinstance(error.orig, QueryCanceled):
        return Unavailable(
            _("A statement took too long ({why}). Finished migrations stay, nothing is half done: run it again with a longer "
              "--statement-timeout.", why=told)
        )  # fmt: skip
    return error


def give_back(connection: Connection) -> None:
    """Let the next one have it."""
    connection.rollback()
    connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
    connection.commit()


def _holder(connection: Connection) -> str:
    return ", ".join(str(pid) for pid in connection.scalars(text(HOLDERS))) or "?"
