"""Tables of plugins: each has a schema `plugin_<name>` with a version table of its own in it.

One version table with branches would break every upgrade, even the core's, once a plugin is uninstalled: its revisions
could no longer be found. So each plugin's history lives and dies with its schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import delete, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from llmio.core import turn
from llmio.core.outbox import Outbox
from llmio.plugins.check import PluginError
from llmio.plugins.discover import discover
from llmio.plugins.guard import RAISED, note
from llmio.plugins.models import PluginFailure, PluginSwitch

if TYPE_CHECKING:
    from llmio.core.app import App

FOREIGN = text(
    "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname IN ('public', 'llmio') AND c.relkind IN ('r', 'p', 'v', 'm', 'i', 'S')"
)


def schema_of(plugin: str) -> str:
    """The name of a plugin's schema."""
    return f"plugin_{plugin}"


def quoted(name: str) -> str:
    """A name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def folder_of(module: ModuleType) -> Path | None:
    """Where a plugin keeps its migrations (`migrations/*.py` in its package); None where it has none."""
    if not module.__file__:
        return None
    folder = Path(module.__file__).parent / "migrations"
    return folder if hasattr(module, "__path__") and folder.is_dir() else None


def wanted() -> bool:
    """Whether any plugin installed has migrations; found without importing one, since most sites have none."""
    for candidate in discover():
        try:
            spec = find_spec(candidate.entry.module.split(".", 1)[0])
        except (ImportError, ValueError):
            continue
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(folder) / "migrations").is_dir():
                return True
    return False


def upgrade_all(app: App, timeouts: Mapping[str, str] | None = None) -> dict[str, str]:
    """Bring the tables of every working plugin up to date, each in one transaction; plugin → error of those that failed.

    `timeouts` as `migrations.commands.upgrade` takes them.
    """
    failed: dict[str, str] = {}
    for name, module in app.plugins.modules.items():
        folder = folder_of(module)
        if folder is None:
            continue
        try:
            with app.engine.begin() as connection:
                upgrade(connection, name, folder, timeouts)
        except RAISED as found:
            error = turn.stopped(found) if isinstance(found, OperationalError) else found
            if app.plugins.strict:
                raise
            note(app.plugins, name, "migrations", error, now=app.ports.clock.now())
            failed[name] = str(error)
    return failed


def upgrade(connection: Connection, plugin: str, folder: Path, timeouts: Mapping[str, str] | None = None) -> None:
    """Run a plugin's pending migrations, with its schema as the place of everything that names none.

    Raises PluginError, for the transaction to be rolled back, where they touch schema public or llmio.
    """
    schema = schema_of(plugin)
    turn.take_for_plugins(connection)
    turn.limit(connection, timeouts or {}, local=True)
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}"))
    connection.execute(text(f"SET LOCAL search_path TO {quoted(schema)}, public"))
    before = set(connection.scalars(FOREIGN))
    scripts = _scripts(folder)

    def pending(revision: Any, _context: Any) -> Any:
        return scripts._upgrade_revs("heads", revision)  # noqa: SLF001  # as alembic's own command does

    with EnvironmentContext(_config(folder), scripts, fn=pending, destination_rev="heads") as environment:
        environment.configure(connection=connection, version_table_schema=schema)
        environment.run_migrations()
    changed = before ^ set(connection.scalars(FOREIGN))
    if changed:
        raise PluginError(f"its migrations touch what is not its own: {', '.join(sorted(changed))}")


def pending(connection: Connection, plugin: str, folder: Path) -> bool:
    """Whether migrations wait."""
    heads = set(_scripts(folder).get_heads())
    table = f"{quoted(schema_of(plugin))}.alembic_version"
    if connection.scalar(text("SELECT to_regclass(:table)"), {"table": table}) is None:
        return bool(heads)
    return set(connection.scalars(text(f"SELECT version_num FROM {table}"))) != heads


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("version_locations", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _scripts(folder: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(folder))


def tables(connection: Connection, plugin: str) -> dict[str, int]:
    """A plugin's tables and how many rows each holds; empty where it keeps nothing."""
    names = connection.scalars(
        text(
            "SELECT tablename FROM pg_tables WHERE schemaname = :schema AND tablename <> 'alembic_version' ORDER BY 1"
        ),
        {"schema": schema_of(plugin)},
    ).all()
    counted = "SELECT count(*) FROM {schema}.{table}"
    return {
        name: int(connection.scalar(text(counted.format(schema=quoted(schema_of(plugin)), table=quoted(name)))) or 0)
        for name in names
    }


def exists(connection: Connection, plugin: str) -> bool:
    """Whether the plugin has a schema."""
    found = connection.scalar(text("SELECT to_regnamespace(:schema)"), {"schema": quoted(schema_of(plugin))})
    return found is not None


def purge(connection: Connection, plugin: str) -> None:
    """Drop all that a plugin keeps: its schema, its switch, its failures, jobs that wait for it."""
    connection.execute(text(f"DROP SCHEMA IF EXISTS {quoted(schema_of(plugin))} CASCADE"))
    connection.execute(delete(PluginSwitch).where(PluginSwitch.plugin == plugin))
    connection.execute(delete(PluginFailure).where(PluginFailure.plugin == plugin))
    connection.execute(delete(Outbox).where(Outbox.job == f"plugins.{plugin}.event"))
