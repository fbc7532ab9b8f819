"""Tables of plugins: a schema and a version table of their own, gone with `llmio plugins purge`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner
from sqlalchemy import inspect, text

from llmio.cli import group as command
from llmio.embedded.process import wait_until
from llmio.plugins import migrate
from tests.processes import PATIENCE
from tests.seam.distributions import GOOD

FIRST = """
import sqlalchemy as sa
from alembic import op

revision = "{name}_1"
down_revision = None


def upgrade():
    op.create_table("notes", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("text", sa.Text)){more}
"""
SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "{name}_2"
down_revision = "{name}_1"


def upgrade():
    op.add_column("notes", sa.Column("stars", sa.Integer))
"""


def files(name, more=""):
    return {"migrations/0001_notes.py": FIRST.format(name=name, more=more)}


@pytest.fixture
def clean(seam_engine):
    """No schema of these tests is left."""
    yield
    with seam_engine.begin() as connection:
        for name in ("keeper", "other", "greedy"):
            connection.execute(text(f"DROP SCHEMA IF EXISTS plugin_{name} CASCADE"))


def upgrade(site, *options):
    return CliRunner().invoke(command, ["db", "upgrade", *options], env=site.env)


def test_upgrade_makes_tables_in_the_plugins_schema(strangers, start, seam_engine, clean):
    strangers.add("keeper", GOOD, files=files("keeper"))
    site = start()
    assert upgrade(site).exit_code == 0
    assert upgrade(site).exit_code == 0
    found = inspect(seam_engine)
    assert set(found.get_table_names("plugin_keeper")) == {"notes", "alembic_version"}
    assert "notes" not in found.get_table_names("public")
    strangers.forget()
    package = strangers.folder / "llmio_keeper" / "migrations"
    (package / "0002_stars.py").write_text(SECOND.format(name="keeper"))
    assert upgrade(site).exit_code == 0
    assert "stars" in {column["name"] for column in inspect(seam_engine).get_columns("notes", schema="plugin_keeper")}


def test_two_at_once_make_the_tables_once(strangers, start, seam_engine, clean):
    strangers.add("keeper", GOOD, files=files("keeper"))
    site = start()
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
    with ThreadPoolExecutor(1) as aside:
        with seam_engine.begin() as other:
            migrate.upgrade(other, "keeper", strangers.folder / "llmio_keeper" / "migrations")
            second = aside.submit(upgrade, site)
            assert wait_until(lambda: second.done() or other.scalar(waiting) == 1, PATIENCE)
        result = second.result(PATIENCE)
    assert result.exit_code == 0, result.output
    assert "could not be brought" not in result.stderr
    assert not site.line("keeper", site.listed())["failures"]


def test_a_table_in_use_is_not_waited_for(strangers, start, seam_engine, clean):
    strangers.add("keeper", GOOD, files=files("keeper"))
    site = start()
    assert upgrade(site).exit_code == 0
    strangers.forget()
    package = strangers.folder / "llmio_keeper" / "migrations"
    (package / "0002_stars.py").write_text(SECOND.format(name="keeper"))
    with seam_engine.begin() as other:
        other.execute(text("SET LOCAL idle_in_transaction_session_timeout = '300s'"))
        other.execute(text("LOCK TABLE plugin_keeper.notes IN ROW EXCLUSIVE MODE"))
        result = upgrade(site, "--lock-timeout", "200ms")
    assert (
        "The tables of plugin keeper could not be brought up to date: A table that must change is in use"
        in result.stderr
    )
    assert upgrade(site).exit_code == 0
    assert "stars" in {column["name"] for column in inspect(seam_engine).get_columns("notes", schema="plugin_keeper")}


def test_removed_plugin_does_not_stop_upgrades(strangers, start, clean):
    strangers.add("keeper", GOOD, files=files("keeper"))
    assert upgrade(start()).exit_code == 0
    strangers.remove("keeper")
    result = upgrade(start())
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    "more",
    [
        "\n    op.create_table('extra', sa.Column('id', sa.Integer), schema='public')",
        "\n    op.drop_table('plugin_switches', schema='llmio')",
        "\n    raise ValueError('half way')",
    ],
)
def test_migration_at_fault_is_undone_and_told(strangers, start, seam_engine, clean, more):
    strangers.add("greedy", GOOD, files=files("greedy", more))
    strangers.add("other", GOOD, files=files("other"))
    site = start()
    result = upgrade(site)
    assert result.exit_code == 0, result.output
    assert "The tables of plugin greedy could not be brought up to date" in result.stderr
    found = inspect(seam_engine)
    assert "plugin_greedy" not in found.get_schema_names()
    assert "extra" not in found.get_table_names("public")
    assert "plugin_switches" in found.get_table_names("llmio")
    assert "notes" in found.get_table_names("plugin_other")
    assert site.line("greedy", site.listed())["failures"]
    site.serves_everything_else()


def test_purge_asks_and_drops_what_the_plugin_kept(strangers, start, seam_engine, clean):
    strangers.add("keeper", GOOD, files=files("keeper"))
    strangers.add("other", GOOD, files=files("other"))
    site = start()
    upgrade(site)
    with seam_engine.begin() as connection:
        connection.execute(text("INSERT INTO plugin_keeper.notes (id, text) VALUES (1, 'a'), (2, 'b')"))
    run = CliRunner()
    refused = run.invoke(command, ["plugins", "purge", "keeper"], env=site.env, input="n\n")
    assert refused.exit_code != 0
    assert "notes (2 rows)" in refused.output
    with seam_engine.connect() as connection:
        assert migrate.exists(connection, "keeper")
    assert run.invoke(command, ["plugins", "purge", "keeper"], env=site.env, input="y\n").exit_code == 0
    with seam_engine.connect() as connection:
        assert not migrate.exists(connection, "keeper")
        assert migrate.exists(connection, "other")


def test_purge_after_the_plugin_was_removed(strangers, start, seam_engine, clean):
    strangers.add("keeper", GOOD, files=files("keeper"))
    upgrade(start())
    strangers.remove("keeper")
    result = CliRunner().invoke(command, ["plugins", "purge", "keeper", "--yes"], env=start().env)
    assert result.exit_code == 0, result.output
    with seam_engine.connect() as connection:
        assert not migrate.exists(connection, "keeper")


def test_purge_of_nothing(start):
    result = CliRunner().invoke(command, ["plugins", "purge", "nothing", "--yes"], env=start().env)
    assert result.exit_code == 2
    assert "There is no plugin nothing" in result.output
