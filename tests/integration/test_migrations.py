"""Migrations: one line of them, kept dumps, clear refusals; `llmio db check` finds every drift."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import threading
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from sqlalchemy import make_url, text

from llmio.cli import group
from llmio.core.errors import Unavailable
from llmio.embedded.binaries import postgres_folder
from llmio.migrations import commands
from llmio.testing.servers import engine_of
from tests.commands import run_command

ROOT = Path(__file__).parents[2] / "llmio"
PUBLIC = (files("llmio.migrations") / "public.sql").read_text("utf-8")
EXTENSIONS = "".join(f"CREATE EXTENSION {name} WITH SCHEMA public;" for name in ("citext", "hstore", "pgcrypto"))


class Database:
    """A database of the test's own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *statements: str) -> list:
        engine = engine_of(self.url)
        try:
            with engine.begin() as connection:
                rows = [connection.exec_driver_sql(statement) for statement in statements]
                return [tuple(row) for row in rows[-1]] if rows[-1].returns_rows else []
        finally:
            engine.dispose()


@pytest.fixture
def empty(llmio_servers):
    name = f"{llmio_servers.template}_empty_{threading.get_native_id()}"
    llmio_servers.administer(f'CREATE DATABASE "{name}"')
    yield Database(llmio_servers.database(name))
    llmio_servers.drop(name)


@pytest.fixture
def migrated(llmio_servers):
    name = llmio_servers.copy_template()
    yield Database(llmio_servers.database(name))
    llmio_servers.drop(name)


def test_migrations_have_one_head_and_are_named_by_number():
    scripts = ScriptDirectory.from_config(commands.config())
    assert len(scripts.get_heads()) == 1
    revisions = [script.revision for script in scripts.walk_revisions()][::-1]
    numbers = [int(revision.rsplit("_", 1)[1]) for revision in revisions]
    assert numbers == list(range(1, len(numbers) + 1)), "number migrations in the order in which they run"
    assert len(list((ROOT / "migrations" / "versions").glob("0*.py"))) == len(revisions)


def test_every_mapped_module_is_known():
    """A table in a module that `llmio.models` does not import would escape the check."""
    from llmio.models import Base

    mapped = {mapper.class_.__name__ for mapper in Base.registry.mappers}
    declared = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and "__tablename__" in ast.dump(node):
                declared.add(node.name)
    assert declared - mapped == set()
    assert len(declared) > 56


def test_migrations_import_no_models():
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        own = {str(node.module) for node in imports if str(node.module).startswith("llmio")}
        assert {module for module in own if not module.startswith("llmio.migrations")} == set(), path.name


def test_upgrade_of_an_empty_database_twice(empty):
    assert commands.current(empty.url) is None
    commands.upgrade(empty.url)
    commands.upgrade(empty.url)
    assert commands.current(empty.url) == commands.head()
    assert commands.check(empty.url) == []


def test_two_upgrades_at_once(empty):
    command = [sys.executable, "-m", "llmio", "db", "upgrade"]
    environment = {**os.environ, "DATABASE_URL": empty.url}
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    outputs = [one.communicate(timeout=240)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], outputs
    assert commands.check(empty.url) == []


def test_restored_dump_is_kept(empty):
    empty.run(EXTENSIONS, PUBLIC, "INSERT INTO public.schema_migrations VALUES ('20200101000000')",
              "INSERT INTO public.users (name) VALUES ('Ada')")  # fmt: skip
    commands.upgrade(empty.url)
    assert empty.run("SELECT name FROM public.users") == [("Ada",)]
    assert commands.check(empty.url) == []


def test_dump_goes_out_and_comes_back(migrated, empty):
    """By PostgreSQL's own tools: what `pg_dump` writes without our schema is a dump as the reference's operators have."""
    migrated.run(
        "INSERT INTO public.users (name) VALUES ('Ada')", "INSERT INTO public.events (kind) VALUES ('new_comment')"
    )
    programs = postgres_folder(None)
    source, target = (database.url.replace("+psycopg", "") for database in (migrated, empty))
    dump = [programs / "pg_dump", "--no-owner", "--exclude-schema=llmio", source]
    restore = [programs / "psql", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", target]
    script = subprocess.run(dump, capture_output=True, text=True, check=True).stdout
    assert "llmio." not in script
    subprocess.run(restore, input=script, capture_output=True, text=True, check=True)
    commands.upgrade(empty.url)
    assert commands.check(empty.url) == []
    assert empty.run("SELECT name FROM public.users") == [("Ada",)]
    assert empty.run("INSERT INTO public.users DEFAULT VALUES RETURNING id") == [(2,)]


@pytest.mark.parametrize("version", ["20250101000000", "20260831000001"])
def test_dump_of_another_version_is_refused(empty, version):
    empty.run(EXTENSIONS, PUBLIC, f"UPDATE public.schema_migrations SET version = '{version}'")
    with pytest.raises(Unavailable, match=version):
        commands.upgrade(empty.url)
    assert commands.current(empty.url) is None
    assert empty.run("SELECT version FROM public.schema_migrations") == [(version,)]


def test_unfinished_dump_is_refused(empty):
    empty.run(EXTENSIONS, PUBLIC, "DROP TABLE public.webhooks")
    with pytest.raises(Unavailable, match="webhooks"):
        commands.upgrade(empty.url)


def test_other_tables_in_public_do_not_pass_for_a_dump(empty):
    empty.run("CREATE TABLE public.stranger (id integer)")
    commands.upgrade(empty.url)
    assert commands.check(empty.url) == ["table stranger is not in the reference"]


def _as_plain_role(database: Database, *grants: str) -> Database:
    name = make_url(database.url).database
    role = f"plain_{threading.get_native_id()}"
    database.run(f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role} LOGIN",
                 *(grant.format(role=role, name=name) for grant in grants))  # fmt: skip
    return Database(make_url(database.url).set(username=role).render_as_string(hide_password=False))


def test_role_without_superuser_gets_all_but_the_statistics(empty):
    owner = _as_plain_role(empty, 'ALTER DATABASE "{name}" OWNER TO {role}')
    commands.upgrade(owner.url)
    found = commands.check(owner.url)
    assert len(found) == 1
    assert "extension pg_stat_statements is missing (llmio runs without it" in found[0]


def test_missing_extensions_are_named(empty):
    guest = _as_plain_role(empty, "GRANT CREATE ON SCHEMA public TO {role}", "CREATE SCHEMA llmio AUTHORIZATION {role}")
    with pytest.raises(Unavailable, match="CREATE EXTENSION citext WITH SCHEMA public; CREATE EXTENSION hstore"):
        commands.upgrade(guest.url)
    empty.run(EXTENSIONS)
    commands.upgrade(guest.url)


def test_check_says_what_to_do_before_the_first_upgrade(empty):
    assert commands.check(empty.url) == [
        f"the database is at revision none, the code needs {commands.head()}: run llmio db upgrade"
    ]


DRIFT = {
    "ALTER TABLE llmio.outbox ADD extra text": "remove_column llmio.outbox.extra",
    "ALTER TABLE llmio.outbox DROP queue": "add_column llmio.outbox.queue",
    "ALTER TABLE llmio.outbox ALTER attempts TYPE text": "modify_type llmio.outbox.attempts",
    "ALTER TABLE llmio.outbox ALTER job DROP NOT NULL": "modify_nullable llmio.outbox.job",
    "DROP INDEX llmio.index_outbox_on_available_at": "add_index llmio.outbox.index_outbox_on_available_at",
    "CREATE TABLE llmio.extra (id integer)": "remove_table llmio.extra",
    "ALTER TABLE public.polls ALTER title TYPE text": "modify_type polls.title",
    "ALTER TABLE public.polls DROP quorum_pct": "add_column polls.quorum_pct",
}


def test_every_difference_of_models_and_database_is_reported(connection):
    for change in DRIFT:
        connection.execute(text(change))
    found = commands.model_differences(connection)
    assert len(found) == len(DRIFT)
    for expected in DRIFT.values():
        assert any(f"models and database differ: {expected}" in line for line in found), (expected, found)


def test_check_command_lists_drift_and_fails(migrated, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", migrated.url)
    result = CliRunner().invoke(group, ["db", "check"])
    assert result.exit_code == 0, result.output
    migrated.run("ALTER TABLE llmio.outbox ADD extra text", "DROP INDEX public.index_polls_on_key")
    result = CliRunner().invoke(group, ["db", "check"])
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "index index_polls_on_key is missing: unique btree on polls (key)",
        "models and database differ: remove_column llmio.outbox.extra",
    ]


def test_model_that_differs_from_the_reference_is_found(connection):
    from sqlalchemy import Column, Integer, MetaData, Table

    from llmio.migrations import facts
    from llmio.migrations.defaults import default_differences
    from llmio.models import Base

    assert default_differences(facts.reference(), Base.metadata) == []
    metadata = MetaData()
    Table("stances", metadata, Column("volume", Integer, default=1))
    assert default_differences(facts.reference(), metadata) == ["model default of stances.volume is 1, should be 2"]


def test_role_named_like_our_schema_still_works_in_public(connection):
    """PostgreSQL would look in schema `llmio` first for a role `llmio`, as the embedded server's is."""
    assert connection.scalar(text("SHOW search_path")) == "public"


def _adopt(database, *options):
    return run_command("db", "adopt", *options, env={"DATABASE_URL": database.url})


def test_a_restored_database_is_adopted_with_what_was_found_and_done(empty):
    empty.run(EXTENSIONS, PUBLIC, "INSERT INTO public.schema_migrations VALUES ('20200101000000')",
              "INSERT INTO public.users (name) VALUES ('Ada'), ('Ben')", "INSERT INTO public.groups (name) VALUES ('Weavers')")  # fmt: skip
    said = _adopt(empty)
    assert said.code == 0, said.stderr
    assert "version 20251203031449: groups 1, users 2, discussions 0" in said.stdout
    assert "Added schema llmio at revision" in said.stdout
    assert "llmio search reindex" in said.stdout
    assert empty.run("SELECT name FROM public.users ORDER BY id") == [("Ada",), ("Ben",)]
    assert commands.check(empty.url) == []
    again = json.loads(_adopt(empty, "--json").stdout)
    assert (again["before"], again["rows"]["users"], again["differences"]) == (True, 2, [])


def test_what_is_no_database_of_the_reference_is_not_adopted(empty):
    said = _adopt(empty)
    assert (said.code, said.stdout) == (1, "")
    assert "nothing to adopt" in said.stderr
    assert "Traceback" not in said.stderr
    assert commands.current(empty.url) is None


def test_a_database_of_another_version_is_not_adopted(empty):
    empty.run(EXTENSIONS, PUBLIC, "UPDATE public.schema_migrations SET version = '20260831000001'")
    said = _adopt(empty)
    assert said.code == 1
    assert "20260831000001" in said.stderr
    assert commands.current(empty.url) is None
