"""What `llmio db` does: bring a database up to date, and say where it differs from what the code expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError

from llmio.core import turn
from llmio.core.db import engine_for
from llmio.core.errors import Unavailable
from llmio.core.i18n import _
from llmio.migrations import catalogue, facts, preflight
from llmio.migrations.defaults import default_differences


def config() -> Config:
    """Alembic's configuration; there is no ini file, since everything follows from the code."""
    found = Config()
    found.set_main_option("script_location", "llmio:migrations")
    return found


def head() -> str:
    """The revision that the code needs (several, where two developments have not been put in line yet)."""
    return ", ".join(sorted(ScriptDirectory.from_config(config()).get_heads()))


def revisions() -> frozenset[str]:
    """All revisions that this code knows."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(config()).walk_revisions())


def upgrade(url: str, target: str = "heads", *, timeouts: Mapping[str, str] | None = None) -> None:
    """Bring a database to the code's revision; a database that is there already is left untouched.

    Each migration is a transaction, so that one that was stopped or killed leaves nothing half done: the next call goes on. `timeouts`
    may name another `lock_timeout` or `statement_timeout`. Raises Unavailable where the database is of a newer version, a table is
    in use, or a statement takes too long.
    """
    with connected(url) as connection:
        _check(connection, timeouts or {})
        newer = preflight.unknown(revisions(), revision_of(connection))
        connection.rollback()
        if newer:
            raise Unavailable(newer[0])
        options = config()
        options.attributes["connection"] = connection
        options.attributes["timeouts"] = dict(timeouts or {})
        try:
            command.upgrade(options, target)
        except OperationalError as error:
            raise turn.stopped(error) from error


def _check(connection: Connection, timeouts: Mapping[str, str]) -> None:
    """Refuse what PostgreSQL takes for no time."""
    for name, value in timeouts.items():
        try:
            connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
        except DataError as error:
            option = "--" + name.replace("_", "-")
            message = _(
                "“{value}” is no time for {option}: write such as 500ms, 5s or 2min.", value=value, option=option
            )
            raise Unavailable(message) from error
    connection.rollback()


def reasons(url: str) -> list[str]:
    """What speaks against an upgrade now, one line each."""
    with connected(url) as connection:
        return preflight.reasons(connection, revisions(), revision_of(connection))


def current(url: str) -> str | None:
    """The database's revision; None before the first upgrade."""
    with connected(url) as connection:
        return revision_of(connection)


def check(url: str) -> list[str]:
    """What is wrong with a database, one line each: pending migrations, schema public, the models."""
    with connected(url) as connection:
        revision = revision_of(connection)
        if revision != head():
            return [f"the database is at revision {revision or 'none'}, the code needs {head()}: run llmio db upgrade"]
        lines = catalogue.differences(facts.reference(), catalogue.live(connection))
        connection.rollback()
        return lines + model_differences(connection)


def model_differences(connection: Connection) -> list[str]:
    """Where the mapped classes and the live schemas public and llmio differ."""
    from llmio import models  # noqa: PLC0415  # slow, and upgrading does not need them

    found: list[Any] = []
    for difference in compare_metadata(_context(connection), models.Base.metadata):
        found.extend(difference if isinstance(difference, list) else [difference])
    lines = [f"models and database differ: {_describe(difference)}" for difference in found]
    return lines + default_differences(facts.reference(), models.Base.metadata)


def revision_of(connection: Connection) -> str | None:
    """The revision that a database is at; None before the first upgrade."""
    return ", ".join(sorted(_context(connection).get_current_heads())) or None


def _context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(
        connection,
        opts={
            "version_table_schema": "llmio",
            "include_schemas": True,
            "include_name": _include_name,
            "include_object": _include_object,
            "compare_type": True,
            "compare_server_default": False,  # see `defaults`
        },
    )


def _include_name(name: str | None, kind: str, parents: Any) -> bool:
    if kind == "schema":
        return name in {None, "llmio"}
    if kind == "table" and parents.get("schema_name") is None:
        return name not in facts.BOOKKEEPING
    return True


def _include_object(item: Any, _name: str | None, kind: str, reflected: Any, other: Any) -> bool:
    """Leave to the comparison with the facts what only they know of public: its indexes, and tables beyond it."""
    if kind in {"index", "unique_constraint", "foreign_key_constraint"}:
        return item.table.schema is not None
    return not (kind == "table" and reflected and other is None and item.schema is None)


def _describe(difference: Any) -> str:
    """Alembic says what it would do to the database, such as `add_column llmio.outbox.extra`."""
    what, *parts = difference
    if what.startswith("modify_"):
        schema, table, column, _, found, wanted = parts
        place = ".".join(part for part in (schema, table, column) if part)
        return f"{what} {place} from {found!r} to {wanted!r}"
    item = parts[-1]
    place = f"{item.table.fullname}." if getattr(item, "table", None) is not None else ""
    return f"{what} {place}{getattr(item, 'fullname', None) or item.name}"


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection of its own, closed afterwards. Raises Unavailable where its role may not do what is done with it."""
    engine = engine_for(url, pool_size=1, pool_pre_ping=False)
    try:
        with engine.connect() as connection:
            yield connection
    except ProgrammingError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        raise Unavailable(
            _("The role in DATABASE_URL may not do this ({why}). It must own the tables of schemas public and llmio: name the role that "
              "made them, or give them to this one (REASSIGN OWNED BY …).", why=str(error.orig).splitlines()[0])
        ) from error  # fmt: skip
    finally:
        engine.dispose()
