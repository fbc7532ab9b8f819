"""What a database already holds before the first migration: a restored dump, extensions, other people's tables."""

from __future__ import annotations

import logging

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from llmio.core.errors import Unavailable
from llmio.migrations.facts import EXTENSIONS, NEEDED_EXTENSIONS, REFERENCE_VERSION, reference

log = logging.getLogger(__name__)


def holds_reference(connection: Connection) -> bool:
    """Whether schema public holds the reference's tables at our version; False when it is free for them.

    Raises Unavailable where it holds them at another version, or only some of them: neither is ours to mend.
    """
    query = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    present = set(connection.scalars(query))
    expected = reference().tables
    if not present & expected:
        return False
    versions = set()
    if "schema_migrations" in present:
        versions = set(connection.scalars(text("SELECT version FROM public.schema_migrations")))
    newest = max(versions, default="none")
    if newest != REFERENCE_VERSION:
        raise Unavailable(
            f"The database holds Loomio's tables at schema version {newest}; llmio continues version "
            f"{REFERENCE_VERSION} (Loomio v3.0.18). Bring the dump to that version first. Nothing was changed."
        )
    missing = sorted(expected - present)
    if missing:
        raise Unavailable(
            f"The database says that it holds Loomio's tables, but misses {', '.join(missing)}: was the dump restored "
            "to its end? Nothing was changed."
        )
    return True


def create_extensions(connection: Connection) -> None:
    """Create what is missing; raises Unavailable naming what an administrator of the database must create."""
    query = text("SELECT e.extname, e.extnamespace::regnamespace::text AS schema FROM pg_extension e")
    present = {row.extname: row.schema for row in connection.execute(query)}
    refused: dict[str, str] = {}
    for name in EXTENSIONS:
        if name not in present:
            try:
                with connection.begin_nested():
                    connection.exec_driver_sql(f"CREATE EXTENSION {name} WITH SCHEMA public")
            except DBAPIError as error:  # not installed on the server, or not allowed to this role
                refused[name] = str(error.orig).splitlines()[0]
        elif present[name] != "public":
            refused[name] = f"it is in schema {present[name]}, but must be in public"
    needed = {name: why for name, why in refused.items() if name in NEEDED_EXTENSIONS}
    if needed:
        reasons = "; ".join(f"{name}: {why}" for name, why in needed.items())
        commands = " ".join(f"CREATE EXTENSION {name} WITH SCHEMA public;" for name in needed)
        raise Unavailable(f"The database lacks extensions ({reasons}). An administrator of it can run: {commands}")
    for name, why in refused.items():
        log.warning("extension %s is missing (%s); llmio runs without it", name, why)
