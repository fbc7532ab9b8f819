"""`llmio features`: the switches of /admin/features at a terminal."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import make_url, text

from llmio.boot import declared
from llmio.core import processes
from llmio.core.settings import load
from tests import factories
from tests.commands import run_command


@pytest.fixture
def run(committed_db, settings):
    """The command on a database of the test's own."""
    env = {"DATABASE_URL": committed_db.url, "LLMIO_ENV": "testing", "LLMIO_DATA": settings["llmio.data"]}
    return lambda *arguments, **more: run_command("features", *arguments, env=env | more)


def test_a_switch_is_set_shown_and_taken_back(run):
    assert "FEATURES_SITEMAP = off  (default)" in run("list").stdout
    said = run("set", "FEATURES_SITEMAP", "on")
    assert (said.code, said.stdout) == (0, "FEATURES_SITEMAP is on; for the site it is on.\n")
    assert "FEATURES_SITEMAP = on  (set here)" in run("list").stdout
    assert json.loads(run("unset", "features.sitemap", "--json").stdout)["value"] is False
    told = json.loads(run("list", "--json").stdout)
    assert [(one["before"], one["after"], one["who"]) for one in told["history"]] == [
        ("on", "default", "operator"), ("default", "on", "operator"),
    ]  # fmt: skip


def test_a_group_is_named_by_its_address(run, committed_db):
    with committed_db.app.begin() as ctx:
        factories.group(ctx.db, "Kitchen", handle="kitchen")
    said = run("set", "LOOMIO_VERIFY_PARTICIPANTS_ADMIN_ONLY", "on", "--group", "kitchen")
    assert said.stdout == "LOOMIO_VERIFY_PARTICIPANTS_ADMIN_ONLY is on for kitchen; for the site it is off.\n"
    assert "Kitchen (kitchen): on" in run("list").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "FEATURES_SITEMAPS", "on"), "no switch FEATURES_SITEMAPS"),
        (("set", "FEATURES_SITEMAP", "maybe"), "on or off"),
        (("set", "FEATURES_SITEMAP", "on", "--group", "nowhere"), "whole site alone"),
        (("unset", "LOOMIO_VERIFY_PARTICIPANTS_ADMIN_ONLY", "--group", "nowhere"), "no such group"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(run, arguments, words):
    said = run(*arguments)
    assert (said.code, words in said.stderr, "Traceback" in said.stderr) == (1, True, False), said


def test_a_variable_wins(run):
    said = run("set", "FEATURES_SITEMAP", "off", FEATURES_SITEMAP="1")
    assert (said.code, "FEATURES_SITEMAP decides about this switch" in said.stderr) == (1, True)
    assert "FEATURES_SITEMAP = on  (set by FEATURES_SITEMAP)" in run("list", FEATURES_SITEMAP="1").stdout


def running(committed_db, **variables):
    """A web process that was started with these variables."""
    settings = load(declared(), {}, variables)
    with committed_db.app.sessions() as db, db.begin():
        processes.show(db, settings, "web")


def test_what_a_running_process_was_told_wins_over_a_shell_that_knows_nothing_of_it(run, committed_db):
    running(committed_db, FEATURES_SITEMAP="1")
    said = run("set", "FEATURES_SITEMAP", "off")
    assert said.code == 1
    assert "FEATURES_SITEMAP decides about this switch, as it is set for web (process" in said.stderr
    shown = run("list").stdout
    assert "FEATURES_SITEMAP = on  (set by FEATURES_SITEMAP in web (process" in shown
    assert run("set", "ALLOW_ROBOTS", "on").code == 0


def test_what_a_process_was_told_that_has_ended_does_not_count(run, committed_db):
    running(committed_db, FEATURES_SITEMAP="1")
    with committed_db.engine.begin() as connection:
        connection.execute(text("UPDATE llmio.processes SET seen_at = seen_at - interval '31 s'"))
    said = run("set", "FEATURES_SITEMAP", "on")
    assert (said.code, said.stdout) == (0, "FEATURES_SITEMAP is on; for the site it is on.\n")


def test_it_is_said_on_which_site_a_command_acts_and_whether_that_runs(run, committed_db):
    name = make_url(committed_db.url).database
    said = run("set", "FEATURES_SITEMAP", "on").stderr
    assert said.startswith(f"Site: the database {name} at ")
    assert said.endswith("; nothing runs on it at present.\n")
    running(committed_db)
    assert run("unset", "FEATURES_SITEMAP").stderr.endswith("; web runs on it.\n")
    beside = run("list", LLMIO_ADDRESS="http://localhost:3210", LLMIO_DATA="/srv/decide").stderr
    assert beside == "Site: http://localhost:3210, which `llmio up` runs on /srv/decide; web runs on it.\n"


def test_the_page_names_the_process_that_was_told_otherwise(sign_in, make, db):
    processes.show(db, load(declared(), {}, {"FEATURES_SITEMAP": "1"}), "worker")
    page = sign_in(make.admin_of_site()).get("/admin/features")
    held = page.html.find(id="held-features-sitemap").text
    assert "FEATURES_SITEMAP decides about this" in held
    assert "So it is set for worker (process" in held
