"""The state of a database that answers: what a restore by hand, an update of the system or a setting of the server left behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import psycopg
from psycopg import sql

from llmio.cli.doctor.findings import Finding, found
from llmio.cli.doctor.site import Site

MANY = 10
"""Findings of one code; who mends so many finds the others after."""
LASTING: Final = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings of the server without which what was saved may be lost when the machine fails."""
OLD = 1_000_000_000
"""Transactions without vacuum: half of those after which PostgreSQL takes no writes."""
OURS: Final = "n.nspname IN ('public', 'llmio') OR n.nspname LIKE 'plugin\\_%'"
SERIALS = f"""
SELECT n.nspname, t.relname, a.attname, sn.nspname, s.relname FROM pg_attrdef d
JOIN pg_depend o ON o.classid = 'pg_attrdef'::regclass AND o.objid = d.oid AND o.refclassid = 'pg_class'::regclass
JOIN pg_class s ON s.oid = o.refobjid AND s.relkind = 'S' JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_class t ON t.oid = d.adrelid JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attname = 'id' WHERE {OURS} ORDER BY 1, 2
"""  # our own words
INDEXES = f"""
SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace WHERE NOT (i.indisvalid AND i.indisready) AND ({OURS}) ORDER BY 1
"""  # likewise
COLLATION = """
SELECT datname, datcollversion, pg_database_collation_actual_version(oid) FROM pg_database
WHERE datname = current_database() AND datcollversion IS NOT NULL
  AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)
"""
AGE = "SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()"
ALLOWED = "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"


def check(site: Site, connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """All of it."""
    yield from _sequences(connection)
    for (name,) in connection.execute(INDEXES).fetchmany(MANY):
        yield found("database.index", f"{name} is not valid", fix=f"REINDEX INDEX CONCURRENTLY {name};")
    for name, noted, actual in connection.execute(COLLATION):
        told = f"made with version {noted} of the rules, the system has {actual or 'none'} now"
        mend = f'REINDEX DATABASE CONCURRENTLY "{name}"; then ALTER DATABASE "{name}" REFRESH COLLATION VERSION;'
        yield found("database.collation", told, fix=mend)
    for name in LASTING:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        if row == ("off",):
            yield found("database.unsafe", f"{name} is off")
    row = connection.execute(AGE).fetchone()
    if row and row[0] > OLD:
        yield found("database.vacuum", f"{row[0] / 1e6:.0f} million transactions since it was vacuumed as a whole")
    yield from _room(site, connection)


def _sequences(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    behind = 0
    for schema, table, column, schema_of, name in connection.execute(SERIALS).fetchall():
        sequence = sql.Identifier(schema_of, name)
        largest = sql.SQL("SELECT max({}) FROM {}").format(sql.Identifier(column), sql.Identifier(schema, table))
        asked = sql.SQL("SELECT ({}), last_value + is_called::int FROM {}").format(largest, sequence)
        last, coming = connection.execute(asked).fetchone() or (None, 0)
        if last is not None and coming <= last and behind < MANY:
            behind += 1
            quoted = sequence.as_string(connection)
            mend = f"SELECT setval('{quoted}', {last});"
            told = f"{schema}.{table}: the next {column} would be {coming}, and there is one of {last}"
            yield found("database.sequence", told, fix=mend)


def _room(site: Site, connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Whether the processes that are configured find connections when all have much to do."""
    from llmio.cli.serve import processes  # noqa: PLC0415  # slow
    from llmio.worker.main import hands_of  # noqa: PLC0415  # likewise

    settings = site.settings
    web = processes(settings["web.workers"]) * (min(settings.number("web.threads"), 30) + 2)
    worker = 2 * hands_of(settings) + 2
    row = connection.execute(ALLOWED).fetchone()
    if row and web + worker > row[0]:
        told = f"web servers may want {web} connections, a worker {worker}; PostgreSQL allows {row[0]} to all together"
        yield found("database.scarce", told)
