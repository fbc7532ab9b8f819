"""PostgreSQL, asked over a connection of its own, which understands more broken states than the site's does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import psycopg
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from llmio.cli.doctor import state
from llmio.cli.doctor.findings import Finding, first_line, found
from llmio.cli.doctor.site import PATIENCE, Site

# Imports of what is slow are made where they are needed.
# ruff: noqa: PLC0415

OLDEST = 15
NEARLY = 0.85
"""Share of the connections allowed."""
IDLE = timedelta(minutes=3)
LOGIN: Final = (
    "password authentication failed",
    "no password supplied",
    'role "',
    "no pg_hba.conf entry",
    "authentication",
)
LIMITS = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
  (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),
  (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),
  (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user),
  (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user)
"""
OPEN = """
SELECT pid, coalesce(nullif(application_name, ''), usename), extract(epoch FROM clock_timestamp() - state_change)::float
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND state LIKE 'idle in transaction%%' AND state_change < clock_timestamp() - %s ORDER BY 3 DESC LIMIT 5
"""


def check(site: Site) -> Iterator[Finding]:
    """Whether it can be used at all, then whether it is in order."""
    url = site.settings.text("database.url")
    if not url:
        yield found("database.unset", "DATABASE_URL is not set")
        return
    try:
        wanted = make_url(url)
        if not wanted.drivername.startswith("postgres"):
            yield found("database.address", f"{wanted.drivername}:// names no PostgreSQL")
            return
        plain = wanted.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(
            plain, connect_timeout=int(PATIENCE), client_encoding="utf8", autocommit=True, options=_options(wanted)
        )
    except (ArgumentError, psycopg.ProgrammingError, ValueError) as error:
        yield found("database.address", f"DATABASE_URL: {type(error).__name__}")  # the text may hold the password
        return
    except psycopg.Error as error:
        yield _refused(error)
        return
    with connection:
        yield from _looked_at(site, connection)


def _options(url: Any) -> str:
    given = url.query.get("options", "")
    return f"{given} -c statement_timeout=5000".strip() if isinstance(given, str) else "-c statement_timeout=5000"


def _refused(error: psycopg.Error) -> Finding:
    said = first_line(error)
    if "database" in said and "does not exist" in said:
        return found("database.missing", said)
    if any(words in said for words in LOGIN):
        return found("database.login", said)
    return found("database.unreachable", said)


def _looked_at(site: Site, connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    version = connection.info.server_version // 10_000
    if version < OLDEST:
        yield found("database.version", f"PostgreSQL {version}")
        return
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        yield found("database.encoding", f"the encoding is {encoding}")
        return
    if connection.execute("SHOW transaction_read_only").fetchone() == ("on",):
        yield found("database.readonly", "transactions are read-only")
    lacking = list(_extensions(connection))
    yield from lacking
    behind = list(_revision(connection))
    yield from behind
    yield from _connections(connection)
    yield from _open_transactions(connection)
    yield from state.check(site, connection)
    # Tables that are there can be asked even when some are behind; without any nothing can.
    if connection.execute("SELECT to_regclass('llmio.outbox')").fetchone() != (None,):
        site.works.add("database")
        if not lacking and not behind:
            site.works.add("migrations")
    elif not behind:
        yield found("database.incomplete", "table llmio.outbox is missing")


def _extensions(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    from llmio.migrations.facts import NEEDED_EXTENSIONS

    have = {row[0] for row in connection.execute("SELECT extname FROM pg_extension")}
    for name in NEEDED_EXTENSIONS:
        if name not in have:
            fix = f"As a superuser, in this database: CREATE EXTENSION {name} WITH SCHEMA public;"
            yield found("database.extension", f"extension {name} is missing", fix=fix)


def _revision(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    from alembic.script import ScriptDirectory

    from llmio.migrations import commands

    scripts = ScriptDirectory.from_config(commands.config())
    known = {one.revision for one in scripts.walk_revisions()}
    have: set[str] = set()
    if connection.execute("SELECT to_regclass('llmio.alembic_version')").fetchone() != (None,):
        have = {row[0] for row in connection.execute("SELECT version_num FROM llmio.alembic_version")}
    told = f"the database is at revision {', '.join(sorted(have)) or 'none'}, the code needs {commands.head()}"
    if have - known:
        yield found("database.newer", told)
    elif have != set(scripts.get_heads()):
        yield found("database.migrations", told)


def _connections(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    row = connection.execute(LIMITS).fetchone()
    assert row is not None  # noqa: S101  # a SELECT without FROM has one row
    for taken, allowed, whose in (
        (row[0], row[1], "the server"),
        (row[2], row[3], "the database"),
        (row[4], row[5], "the role"),
    ):
        if allowed >= 0 and taken >= allowed * NEARLY:
            yield found("database.connections", f"{taken} of {allowed} connections that {whose} allows are taken")


def _open_transactions(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    for pid, who, seconds in connection.execute(OPEN, (IDLE,)):
        yield found("database.idle", f"process {pid} ({who}): nothing for {seconds / 60:.0f} minutes")


def schema(site: Site) -> Iterator[Finding]:
    """What `llmio db check` says, once the database is of the code's revision."""
    from llmio.migrations import commands

    if "migrations" not in site.works:
        return  # area database says why

    differences = commands.check(site.settings.text("database.url"))
    for line in [one for one in differences if not one.startswith("extension ")][:5]:
        yield found("schema.differs", line)
