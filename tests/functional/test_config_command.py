"""`llmio config`: what is set, where it comes from, what is wrong."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from llmio.cli.config import config

SECRET = "a-secret-that-is-long-enough-for-signing"


@pytest.fixture
def run(monkeypatch):
    """The command with just these variables set."""
    for name in list(os.environ):
        if name.startswith(("LLMIO_", "SMTP_", "AWS_", "DATABASE_", "REDIS_", "SITE_", "SECRET_")):
            monkeypatch.delenv(name)

    def call(*arguments, **variables):
        return CliRunner().invoke(config, arguments, env=variables, catch_exceptions=False)

    return call


def setting(answer, key):
    return next(one for one in json.loads(answer.output)["settings"] if one["key"] == key)


def test_a_value_comes_with_its_origin(run, tmp_path):
    file = tmp_path / "site.ini"
    file.write_text("[app:main]\nuse = egg:llmio\nsite.name = From a file\nsite.description = From a file\n")
    answer = run("describe", "--json", "--ini", str(file), SITE_NAME="From a variable")
    named = {
        key: (setting(answer, key)["value"], setting(answer, key)["origin"])
        for key in ("site.name", "site.description")
    }
    assert named == {"site.name": ("From a variable", "environment"), "site.description": ("From a file", "ini")}
    assert setting(answer, "site.host")["origin"] == "default"


def test_plugins_settings_are_shown(run):
    answer = run("describe", "--json", AWS_BUCKET="photos")
    assert setting(answer, "storage_s3.amazon_bucket")["value"] == "photos"


@pytest.mark.parametrize("arguments", [("describe",), ("describe", "--json"), ("check", "--json")], ids=" ".join)
def test_secrets_are_not_shown(run, arguments):
    answer = run(*arguments, SECRET_COOKIE_TOKEN=SECRET, SMTP_PASSWORD="hush", DATABASE_URL="postgresql://me:hush@db/x")
    assert "hush" not in answer.output
    assert SECRET not in answer.output


def test_a_secret_may_lie_in_a_file(run, tmp_path):
    file = tmp_path / "token"
    file.write_text(SECRET)
    answer = run("describe", "--json", SECRET_COOKIE_TOKEN_FILE=str(file))
    assert (setting(answer, "security.secret")["value"], setting(answer, "security.secret")["origin"]) == (
        "set",
        "file",
    )


def test_what_is_well_is_said_to_be(run):
    answer = run("check", LLMIO_ENV="production", SECRET_COOKIE_TOKEN=SECRET, DATABASE_URL="postgresql://db/x")
    assert answer.exit_code == 0
    assert "settings are well" in answer.output


def test_all_faults_are_named_at_once(run):
    answer = run("check", "--json", LLMIO_ENV="development", MAX_LOGIN_ATTEMPTS="many", SMTP_AUTH="plane")
    faults = {one["name"]: one["message"] for one in json.loads(answer.output)["faults"]}
    assert answer.exit_code == 1
    assert faults["MAX_LOGIN_ATTEMPTS"] == "'many' is not a whole number"
    assert "perhaps 'plain'" in faults["SMTP_AUTH"]


def test_a_misspelt_variable_is_noticed_but_stops_nothing(run):
    answer = run("check", LLMIO_ENV="development", LLMIO_PLUGIN_DISABLED="poll_score")
    assert answer.exit_code == 0
    assert "did you mean LLMIO_PLUGINS_DISABLED?" in answer.output


def test_a_misspelt_key_is_noticed(run, tmp_path):
    file = tmp_path / "site.ini"
    file.write_text("[app:main]\nuse = egg:llmio\nllmio.env = development\nllmio.plugins.safer = 1\n")
    assert "did you mean llmio.plugins.safe?" in run("check", "--ini", str(file)).output


def test_production_needs_a_secret(run):
    answer = run("check", LLMIO_ENV="production", DATABASE_URL="postgresql://db/x", SECRET_COOKIE_TOKEN="short")
    assert answer.exit_code == 1
    assert "SECRET_COOKIE_TOKEN" in answer.output
    assert "short" not in answer.output


def test_a_file_without_the_section_is_refused(run, tmp_path):
    file = tmp_path / "site.ini"
    file.write_text("[server:main]\nhost = localhost\n")
    answer = run("check", "--ini", str(file))
    assert answer.exit_code == 2
    assert "no section [app:main]" in answer.output


@pytest.mark.parametrize("name", ["production", "development", "testing"])
def test_the_files_of_etc_can_be_read(run, name):
    answer = run("describe", "--json", "--ini", f"etc/{name}.ini")
    assert setting(answer, "llmio.env")["value"] == name
    assert (
        json.loads(
            run("check", "--json", "--ini", f"etc/{name}.ini", SECRET_COOKIE_TOKEN=SECRET, DATABASE_URL="x").output
        )["faults"]
        == []
    )
