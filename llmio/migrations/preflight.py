"""Before an upgrade: what speaks against it, each with what to do. Nothing is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection

from llmio.core.i18n import _
from llmio.core.turn import HOLDERS

OLDEST_SERVER = 15
LONG_SECONDS = 30
"""A transaction that is open for so long and holds tables will hold them longer than a migration waits."""
ROOM = 256 * 1024**2
"""Bytes that must be free beside twice the largest of our tables: a migration may write one anew."""

LONG = text(f"""
SELECT a.pid, coalesce(nullif(a.application_name, ''), a.usename, '') AS who, extract(epoch FROM now() - a.xact_start)::int AS seconds,
       a.state, left(regexp_replace(a.query, '\\s+', ' ', 'g'), 100) AS query,
       string_agg(DISTINCT c.relname, ', ') AS tables
FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND l.granted AND l.locktype = 'relation'
JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p') JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND l.database = (SELECT oid FROM pg_database WHERE
      datname = current_database()) AND (n.nspname IN ('public', 'llmio') OR n.nspname LIKE 'plugin\\_%')
  AND a.pid NOT IN ({HOLDERS}) AND now() - a.xact_start > make_interval(secs => :seconds)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 3 DESC
""")
PREPARED = text("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")
LARGEST = text("""
SELECT coalesce(max(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'llmio' AND c.relkind = 'r'
""")


def reasons(connection: Connection, known: frozenset[str], current: str | None) -> list[str]:
    """Why the database should not be upgraded now, one line each; empty where nothing speaks against it."""
    found: list[str] = []
    checks: tuple[Callable[[Connection], Iterator[str]], ...] = (_server, _prepared, _long, _disk)
    found += unknown(known, current)
    for check in checks:
        found += check(connection)
    connection.rollback()
    return found


def unknown(known: frozenset[str], current: str | None) -> list[str]:
    """A database of a newer version cannot be brought back."""
    ahead = sorted(set((current or "").split(", ")) - known - {""})
    if not ahead:
        return []
    message = _(
        "The database is at revision {list}, which this llmio does not know: it was upgraded by a newer one. Install that version, "
        "or restore a backup made before its upgrade.", list=", ".join(ahead),
    )  # fmt: skip
    return [str(message)]


def _server(connection: Connection) -> Iterator[str]:
    version = int(connection.scalar(text("SELECT current_setting('server_version_num')")) or 0) // 10000
    if version < OLDEST_SERVER:
        yield str(
            _(
                "The server is PostgreSQL {version}; llmio needs {oldest} or newer.",
                version=version,
                oldest=OLDEST_SERVER,
            )
        )
    if connection.scalar(text("SELECT pg_is_in_recovery()")):
        yield str(_("This server is a standby, which takes no changes: name the primary one in DATABASE_URL."))
    elif connection.scalar(text("SELECT current_setting('transaction_read_only')")) == "on":
        yield str(
            _(
                "The database takes no changes (default_transaction_read_only is on): set it off for this database or role."
            )
        )


def _prepared(connection: Connection) -> Iterator[str]:
    for gid in connection.scalars(PREPARED):
        yield str(_("A prepared transaction holds its tables: COMMIT PREPARED or ROLLBACK PREPARED '{gid}'.", gid=gid))


def _long(connection: Connection) -> Iterator[str]:
    for row in connection.execute(LONG, {"seconds": LONG_SECONDS}):
        message = _(
            "Process {pid} ({who}, {state}) has held {tables} for {seconds} seconds: “{query}”. Wait for it, or end it: "
            "SELECT pg_terminate_backend({pid});",
            pid=row.pid, who=row.who, state=row.state, tables=row.tables, seconds=row.seconds, query=row.query,
        )  # fmt: skip
        yield str(message)


def _disk(connection: Connection) -> Iterator[str]:
    """Where the server's disk is one of this machine. Elsewhere nobody can ask how much is free."""
    local = connection.scalar(text("SELECT inet_server_addr() IS NULL"))
    folder = connection.scalar(text("SELECT setting FROM pg_settings WHERE name = 'data_directory'"))
    if not local or not folder or not os.access(Path(folder).parent, os.X_OK) or not Path(folder).exists():
        return
    needed = 2 * int(connection.scalar(LARGEST) or 0) + ROOM
    free = shutil.disk_usage(folder).free
    if free < needed:
        message = _("The disk of the database has {free} MB free; {needed} MB are needed. Make room in {folder}.",
                    free=free >> 20, needed=needed >> 20, folder=str(folder))  # fmt: skip
        yield str(message)
