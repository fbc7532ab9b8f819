"""Plugins that observe events, in the worker, and plugins that bring commands."""

from __future__ import annotations

from click.testing import CliRunner
from sqlalchemy import text

from llmio.cli import group as command
from llmio.core.events import kind
from llmio.core.outbox import Outbox
from tests import factories
from tests.seam.distributions import GOOD

SEEN = (
    GOOD
    + """
seen = []

@hookimpl
def llmio_event(event, ctx):
    seen.append((event.kind, event.record_type, event.record_id, event.actor_id, ctx.plugin, dict(ctx.settings)))
"""
)
RAISING = (
    GOOD
    + """
tries = []

@hookimpl
def llmio_event(event, ctx):
    tries.append(event.id)
    if len(tries) < 2:
        raise ValueError("deaf")
"""
)
COMMANDS = (
    GOOD
    + """
import click

@hookimpl
def llmio_commands(group):
    @group.command()
    @click.pass_obj
    def hello(ctx):
        with ctx.connect() as connection:
            click.echo(f"hello from {ctx.plugin}: {connection.exec_driver_sql('SHOW search_path').scalar()}")
"""
)
HAPPENED = kind("user_tested", "User", summary="Something happened to a person.")


def publish(site):
    """Have something happen; the id of whom it happened to."""
    site.app.kinds.setdefault(HAPPENED.name, HAPPENED)
    with site.app.begin() as ctx:
        user = factories.user(ctx.db)
        ctx.db.flush()
        ctx.publish(HAPPENED, user, user_id=user.id)
        return user.id


def test_each_plugin_hears_of_an_event_in_a_job_of_its_own(strangers, start, work):
    first = strangers.add("first", SEEN)
    strangers.add("second", SEEN)
    site = start()
    user_id = publish(site)
    jobs = work(site)()
    assert {"plugins.first.event", "plugins.second.event"} <= set(jobs)
    import sys

    assert sys.modules[first].seen == [("user_tested", "User", user_id, user_id, "first", {})]


def test_observer_that_raises_is_tried_again_and_named(strangers, start, work):
    strangers.add("deaf", RAISING)
    first = strangers.add("first", SEEN)
    site = start()
    publish(site)
    import sys

    work(site)(failures=True)
    assert len(sys.modules[first].seen) == 1
    line = site.names("deaf", "active", "deaf", "llmio_event")
    assert line["failures"][0]["count"] == 1
    site.app.ports.clock.move(minutes=10)
    work(site)()
    assert len(sys.modules["llmio_deaf"].tries) == 2
    assert len(sys.modules[first].seen) == 1


def test_job_of_a_removed_plugin_waits_and_stops_nothing(strangers, start, work):
    strangers.add("gone", SEEN)
    site = start()
    publish(site)
    strangers.remove("gone")
    site = start()
    assert site.app.plugins.record("gone") is None
    work(site)(failures=True)
    site.serves_everything_else()
    with site.app.begin() as ctx:
        row = ctx.db.query(Outbox).filter_by(job="plugins.gone.event").one()
        assert "is its plugin installed and on?" in row.last_error
        assert row.dead_at is None


def test_commands_of_a_plugin(strangers, start):
    strangers.add("greeter", COMMANDS)
    site = start()
    result = CliRunner().invoke(command, ["x", "greeter", "hello"], env=site.env, catch_exceptions=False)
    assert result.output == 'hello from greeter: "plugin_greeter", public\n'.replace(
        '"plugin_greeter"', "plugin_greeter"
    )


def test_commands_that_raise_are_named(strangers, start):
    strangers.add("mute", GOOD + "@hookimpl\ndef llmio_commands(group):\n    raise ValueError('speechless')\n")
    strangers.add("greeter", COMMANDS)
    site = start()
    line = site.line("mute", site.listed())
    assert line["state"] == "partly"
    assert "speechless" in line["error"]
    result = CliRunner().invoke(command, ["x", "mute", "hello"], env=site.env)
    assert result.exit_code != 0
    assert CliRunner().invoke(command, ["x", "greeter", "hello"], env=site.env).exit_code == 0
    site.serves_everything_else()
    assert "speechless" in site.line("mute")["failures"][0]["error"]


def test_purge_forgets_jobs_that_wait(strangers, start, work):
    strangers.add("gone", SEEN)
    site = start()
    publish(site)
    result = CliRunner().invoke(command, ["plugins", "purge", "gone", "--yes"], env=site.env)
    assert result.exit_code == 0, result.output
    with site.app.begin() as ctx:
        assert ctx.db.scalar(text("SELECT count(*) FROM llmio.outbox WHERE job = 'plugins.gone.event'")) == 0
