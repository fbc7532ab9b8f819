"""`llmio db upgrade`: from every earlier state with data, under locks and kills; refused with the reason; rehearsed on a copy."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text

from llmio.continuity.scratch import connect
from llmio.core import turn
from llmio.core.errors import Unavailable
from llmio.embedded.process import wait_until
from llmio.migrations import commands, preflight
from llmio.testing import loomio
from llmio.testing.loomio.rows import Rows
from tests.commands import run_command
from tests.processes import until

REVISIONS = [one.revision for one in ScriptDirectory.from_config(commands.config()).walk_revisions()][::-1]
SCHEMA = """
SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'llmio'
UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'llmio' ORDER BY 1, 2, 3
"""


@pytest.fixture(scope="module")
def databases(llmio_servers):
    """`databases(template)`: a new database; all are dropped at the end."""
    names = []

    def made(template: str = "template0") -> str:
        names.append(f"{llmio_servers.template}_u{len(names)}_{os.getpid()}")
        llmio_servers.administer(f'CREATE DATABASE "{names[-1]}" TEMPLATE "{template}" STRATEGY file_copy')
        return llmio_servers.database(names[-1])

    yield made
    for name in names:
        llmio_servers.drop(name)


@pytest.fixture(scope="module")
def states(databases):
    """A database of each earlier revision, with rows in each of its tables: revision → URL."""
    base = databases()
    loomio.made(base)
    found = {}
    for revision in REVISIONS[:-1]:
        commands.upgrade(base, target=revision)
        found[revision] = databases(make_url(base).database)
        fill(found[revision])
    return found


@pytest.fixture(scope="module")
def wanted(databases, llmio_servers):
    """The schema as the code makes it. Asked of a copy: no database can be made of a template while somebody is in it."""
    return rows(databases(llmio_servers.template), SCHEMA)


def fill(url):
    """A row in each table of ours; tables that refer to others of ours come after those."""
    with connect(url) as connection:
        rows = Rows(connection, schema="llmio")
        left = [name for name in rows.tables if name != "alembic_version"]
        while left:
            done = []
            for name in left:
                try:
                    with connection.transaction():
                        rows.fill(name)
                    done.append(name)
                except psycopg.errors.ForeignKeyViolation:
                    continue
            assert done, left
            left = [name for name in left if name not in done]


def counted(url, schemas="llmio"):
    with connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schemas,)).fetchall()
        return {
            name: connection.execute(f'SELECT count(*) FROM {schemas}."{name}"').fetchone()[0] for (name,) in tables
        }


def rows(url, query):
    with connect(url) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_from_each_earlier_state_with_data(states, wanted, revision):
    url = states[revision]
    ours, public = counted(url), counted(url, "public")
    commands.upgrade(url)
    assert commands.current(url) == commands.head()
    assert rows(url, SCHEMA) == wanted
    now = counted(url)
    assert {name: now[name] for name in ours} == ours
    assert counted(url, "public") == public


@pytest.fixture
def behind(databases, states):
    """A database one step behind the code."""
    base = databases()
    commands.upgrade(base, target=REVISIONS[-2])
    return base


def upgrade(url, *options):
    return run_command("db", "upgrade", *options, env={"DATABASE_URL": url, "LLMIO_ENV": "testing"})


def test_killed_within_a_migration_it_goes_on_from_there(databases):
    url = databases()
    commands.upgrade(url, target=REVISIONS[1])
    with connect(url) as blocker:
        # A migration writes its number last: it waits with all its tables made, in its transaction.
        blocker.execute("LOCK TABLE llmio.alembic_version IN EXCLUSIVE MODE")
        process = subprocess.Popen(
            [sys.executable, "-m", "llmio", "db", "upgrade", "--lock-timeout", "600s"],
            env={**os.environ, "DATABASE_URL": url, "LLMIO_ENV": "testing"}, stderr=subprocess.PIPE,
        )  # fmt: skip
        waiting = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE NOT granted AND relname = 'alembic_version' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        with connect(url, autocommit=True) as watcher:
            until(lambda: process.poll() is not None or watcher.execute(waiting).fetchone() == (1,))
            assert process.poll() is None, process.stderr.read()
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert commands.current(url) == REVISIONS[1]
    said = upgrade(url)
    assert said.code == 0, said.stderr
    assert f"from {REVISIONS[1]} to {commands.head()}" in said.stdout
    assert commands.current(url) == commands.head()


def test_a_table_that_is_in_use_is_not_waited_for(behind):
    with connect(behind) as blocker:
        blocker.execute("LOCK TABLE llmio.alembic_version IN EXCLUSIVE MODE")
        said = upgrade(behind, "--lock-timeout", "200ms")
        assert said.code == 1
        assert "is in use" in said.stderr
        assert "nothing is half done" in said.stderr
    assert commands.current(behind) == REVISIONS[-2]
    assert upgrade(behind).code == 0


def test_a_database_of_a_newer_version_is_refused(behind):
    with connect(behind) as connection:
        connection.execute("UPDATE llmio.alembic_version SET version_num = 'core_9999'")
    said = upgrade(behind)
    assert said.code == 1
    assert "at revision core_9999, which this llmio does not know" in said.stderr
    with pytest.raises(Unavailable, match="core_9999"):
        commands.upgrade(behind)  # as `llmio up` calls it


def test_long_transactions_are_named(behind, monkeypatch):
    monkeypatch.setattr(preflight, "LONG_SECONDS", 0)
    with connect(behind) as blocker:
        # No migration changes a table of the reference: what is forced goes on beside it.
        blocker.execute("SELECT count(*) FROM public.users")
        pid = blocker.info.backend_pid
        time.sleep(0.01)
        said = upgrade(behind)
        assert said.code == 1
        assert f"Process {pid}" in said.stderr
        assert "has held users" in said.stderr
        assert f"pg_terminate_backend({pid})" in said.stderr
        assert commands.current(behind) == REVISIONS[-2]
        assert upgrade(behind, "--force").code == 0
    assert commands.current(behind) == commands.head()


def test_whoever_migrates_is_waited_for_and_named(behind, monkeypatch, caplog):
    monkeypatch.setattr(preflight, "LONG_SECONDS", 0)
    monkeypatch.setattr(turn, "WAIT_FOR_OTHERS", "200ms")
    with connect(behind) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [turn.LOCK])
        other.execute("SELECT count(*) FROM llmio.outbox")  # tables are held by it, too: that is no reason to end it
        pid = other.info.backend_pid
        time.sleep(0.01)
        said = upgrade(behind)
        assert said.code == 1
        assert f"Another process (PostgreSQL's {pid}) brings this database up to date" in said.stderr
        assert "pg_terminate_backend" not in said.stderr
        assert f"({pid}) brings this database up to date: waiting" in caplog.text
    assert upgrade(behind).code == 0


def test_a_limit_of_the_role_does_not_end_the_wait(behind, monkeypatch):
    monkeypatch.setattr(turn, "WAIT_FOR_OTHERS", "700ms")
    with connect(behind) as other, commands.connected(behind) as connection:
        other.execute("SELECT pg_advisory_lock(%s)", [turn.LOCK])
        connection.execute(text("SET statement_timeout = '500ms'"))
        with pytest.raises(Unavailable, match="not ended within 700ms"):
            turn.take(connection)


@pytest.mark.parametrize("more", [[], ["--rehearse"]])
@pytest.mark.parametrize("option", ["--lock-timeout", "--statement-timeout"])
def test_what_is_no_time_is_refused(behind, option, more):
    said = upgrade(behind, option, "banana", *more)
    assert said.code == 1
    assert f"“banana” is no time for {option}: write such as 500ms, 5s or 2min." in said.stderr
    assert commands.current(behind) == REVISIONS[-2]


@pytest.mark.parametrize("may", ["nothing", "read"])
def test_a_role_that_may_not_is_told_so(behind, llmio_servers, may):
    role = f"{make_url(behind).database}_weak"
    llmio_servers.administer(f'CREATE ROLE "{role}" LOGIN')
    try:
        if may == "read":
            with connect(behind) as connection:
                connection.execute(f'GRANT USAGE ON SCHEMA llmio TO "{role}"')
                connection.execute(f'GRANT SELECT ON ALL TABLES IN SCHEMA llmio TO "{role}"')
        said = upgrade(make_url(behind).set(username=role).render_as_string(hide_password=False))
        assert said.code == 1
        why = r"The role in DATABASE_URL may not do this \((permission denied for|must be owner of) "  # as the migration asks
        assert re.search(why, said.stderr)
        assert "It must own the tables of schemas public and llmio" in said.stderr
    finally:
        with connect(behind) as connection:
            connection.execute(f'DROP OWNED BY "{role}"')
        llmio_servers.administer(f'DROP ROLE "{role}"')
    assert commands.current(behind) == REVISIONS[-2]


def test_a_full_disk_is_refused(behind, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1 << 20))
    said = upgrade(behind)
    assert said.code == 1
    assert "has 1 MB free" in said.stderr


def test_a_database_that_takes_no_changes_is_refused(behind, llmio_servers):
    llmio_servers.administer(f'ALTER DATABASE "{make_url(behind).database}" SET default_transaction_read_only = on')
    said = upgrade(behind)
    assert said.code == 1
    assert "default_transaction_read_only" in said.stderr


def test_all_reasons_are_told_at_once(behind, monkeypatch, llmio_servers):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1 << 20))
    llmio_servers.administer(f'ALTER DATABASE "{make_url(behind).database}" SET default_transaction_read_only = on')
    said = upgrade(behind)
    assert "MB free" in said.stderr
    assert "default_transaction_read_only" in said.stderr


def test_a_rehearsal_works_on_a_copy(databases):
    url = databases()
    loomio.made(url)
    commands.upgrade(url, target=REVISIONS[3])
    said = upgrade(url, "--rehearse")
    assert said.code == 0, said.stderr
    assert f"from {REVISIONS[3]} to {commands.head()}" in said.stdout
    assert "the copy was removed" in said.stdout
    assert commands.current(url) == REVISIONS[3]
    left = "SELECT datname FROM pg_database WHERE datname LIKE 'llmio_scratch%'"
    assert wait_until(lambda: rows(url, left) == [], 60)  # tests beside this one have some for a while, too


def test_integrations_of_kinds_that_the_reference_has_not_move_beside(databases):
    url = databases()
    commands.upgrade(url, target="core_0019")
    with connect(url) as connection:
        for name in ("slack", "json", "microsoft_card", None):
            connection.execute(
                "INSERT INTO chatbots (kind, webhook_kind, event_kinds, server, created_at, updated_at) "
                "VALUES (%s, %s, '{poll_created,new_comment}', 'https://x', now(), now())",
                ("webhook" if name else "matrix", name),
            )
        connection.execute("INSERT INTO llmio.chatbot_notes (chatbot_id, test_state) VALUES (2, 'sent')")
    query = "SELECT kind, webhook_kind, event_kinds FROM chatbots ORDER BY id"
    commands.upgrade(url)
    wanted = ["poll_created", "new_comment"]
    assert rows(url, query) == [
        ("webhook", "slack", wanted),
        ("webhook", "markdown", []),
        ("webhook", "markdown", []),
        ("matrix", None, wanted),
    ]
    notes = "SELECT chatbot_id, webhook_kind, event_kinds, test_state FROM llmio.chatbot_notes ORDER BY 1"
    assert rows(url, notes) == [(2, "json", wanted, "sent"), (3, "microsoft_card", wanted, "")]
