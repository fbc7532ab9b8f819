"""`llmio features`: the switches of /admin/features at a terminal."""

from __future__ import annotations

import json

import pytest

from tests import factories as make
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
        make.group(ctx.db, "Kitchen", handle="kitchen")
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
