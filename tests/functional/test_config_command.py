"""`llmio config`: what is set, where it comes from, what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from llmio.boot import declared
from llmio.cli.config import config, documented
from llmio.core import settings
from tests.processes import PATIENCE

SECRET = "a-secret-that-is-long-enough-for-signing"


@pytest.fixture
def run(monkeypatch):
    """The command with just these variables set."""
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "LANG"):
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


@pytest.mark.parametrize(
    ("content", "value", "fault"),
    [
        (b"hush \r\n\n", "set", ""),
        (b"\xef\xbb\xbfhush", "set", ""),
        (b"", "", "is empty; it counts as not set"),
        (b" \n", "", "is empty; it counts as not set"),
        (b"\xff\xfe", "", "it is no text"),
        (None, "", "No such file"),
        ("folder", "", "Is a directory"),
    ],
)
def test_whatever_lies_in_a_file_for_a_secret_is_taken_or_told(tmp_path, content, value, fault):
    file = tmp_path / "file"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content:
        file.mkdir()
    secrets = [(item, name) for item in declared() if item.secret for name in item.names]
    for item, name in secrets:
        found = settings.load([item], {}, {f"{name}_FILE": str(file)})
        assert found.row(item)["value"] == (value or ("set" if item.default else ""))
        assert not value or item.like or found[item.key] == "hush"
        assert value or (name in str(found.faults) and fault in str(found.faults))
    assert len(secrets) > 10


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


@pytest.mark.parametrize("zone", ["://", "Europe"])
def test_a_zone_that_is_none_is_noticed_and_stops_nothing(zone):
    """In a process of its own: Babel reads the zone when it is imported."""
    environment = {"PATH": os.environ["PATH"], "TZ": zone, "LLMIO_ENV": "development"}
    command = [sys.executable, "-m", "llmio", "config", "check"]
    answer = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=PATIENCE)
    assert f"Note: TZ: no time zone {zone} is known here" in answer.stdout, answer.stderr
    assert answer.returncode == 0


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
            run(
                "check", "--json", "--ini", f"etc/{name}.ini", SECRET_COOKIE_TOKEN=SECRET, DATABASE_URL="postgresql://x"
            ).output
        )["faults"]
        == []
    )


def test_nothing_counts_as_not_set(run):
    answer = run(
        "check", "--json", LLMIO_ENV="development", CANONICAL_PORT="", SITE_NAME="", SMTP_AUTH="", FORCE_SSL=""
    )
    assert json.loads(answer.output)["faults"] == []
    shown = run("describe", "--json", SITE_NAME="", SPAM_REGEX="")
    assert setting(shown, "site.name")["value"] == "llmio"
    assert setting(shown, "accounts.spam_regex")["value"] == ""  # here nothing means: no address is refused


@pytest.mark.parametrize(
    ("name", "like"), [("SMTP_SEVER", "SMTP_SERVER"), ("FEATURES_DISABLE_CREATE_USERS", "FEATURES_DISABLE_CREATE_USER")]
)
def test_a_variable_like_one_of_ours_is_noticed(run, name, like):
    answer = run("check", LLMIO_ENV="development", **{name: "hush"}, HOSTNAME="x", TERM="x", EDITOR="x", LOGNAME="x")
    assert f"Note: {name}: nothing reads this variable; did you mean {like}?" in answer.output
    assert answer.output.count("Note:") == 1
    assert "hush" not in answer.output


def test_names_of_one_setting_that_differ_are_noticed(run):
    answer = run("check", LLMIO_ENV="development", SECRET_COOKIE_TOKEN=SECRET, SECRET_KEY_BASE="another-secret")
    assert "SECRET_KEY_BASE: differs from SECRET_COOKIE_TOKEN" in answer.output
    assert SECRET not in answer.output
    same = run("check", LLMIO_ENV="development", SECRET_COOKIE_TOKEN=SECRET, SECRET_KEY_BASE=SECRET)
    assert "differs" not in same.output


@pytest.mark.parametrize("name", ["SECRET_KEY_BASE", "SECRET_COOKIE_TOKEN", "SECRET_COOKIE_SECRET"])
def test_the_secret_has_several_names(run, name):
    assert setting(run("describe", "--json", **{name: SECRET}), "security.secret")["value"] == "set"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "99999", "must be from 1 to 65535"),
        ("WEB_CONCURRENCY", "many", "is not a whole number or 'auto'"),
        ("LLMIO_LOG_LEVEL", "loud", "is none of debug, info"),
    ],
)
def test_what_cannot_be_is_refused(run, name, value, words):
    answer = run("check", LLMIO_ENV="development", **{name: value})
    assert (answer.exit_code, words in answer.output) == (1, True), answer.output
    assert run("check", LLMIO_ENV="development", WEB_CONCURRENCY="auto").exit_code == 0


def test_a_word_for_off_is_off_and_said_to_be(run):
    answer = run("check", LLMIO_ENV="development", FEATURES_SITEMAP="0")
    assert "FEATURES_SITEMAP: is off here, since it is set to '0'" in answer.output
    assert "FEATURES_SITEMAP" not in run("check", LLMIO_ENV="development", FEATURES_SITEMAP="1").output


# -- explain -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["site.ssl", "FORCE_SSL", "FORCE_SSL_FILE"])
def test_one_setting_is_explained_by_any_of_its_names(run, name):
    answer = run("explain", name, FORCE_SSL="1")
    assert "value     1" in answer.output
    assert "origin    variable FORCE_SSL" in answer.output
    assert "default   0" in answer.output
    assert "HSTS" in answer.output


def test_a_secret_is_explained_without_it(run):
    answer = run("explain", "SECRET_COOKIE_SECRET", SECRET_COOKIE_SECRET=SECRET)
    assert "value     set" in answer.output
    assert "origin    variable SECRET_COOKIE_SECRET" in answer.output
    assert SECRET not in answer.output + run("explain", "--json", "security.secret", SECRET_COOKIE_SECRET=SECRET).output


def test_what_changes_nothing_is_explained_with_the_reason(run):
    assert "OPENAI_API_KEY is not used yet." in run("explain", "OPENAI_API_KEY").output
    assert "RAILS_MASTER_KEY is taken and not used. Opens the file" in run("explain", "RAILS_MASTER_KEY").output
    noted = run("check", LLMIO_ENV="development", OPENAI_API_KEY="hush", RAILS_MASTER_KEY="hush").output
    assert "Note: OPENAI_API_KEY: is not used yet." in noted
    assert "RAILS_MASTER_KEY" not in noted  # nothing is missing


def test_an_unknown_name_is_refused_with_the_nearest(run):
    answer = run("explain", "SMTP_SEVER")
    assert answer.exit_code == 2
    assert "did you mean SMTP_SERVER?" in answer.output


@pytest.mark.parametrize(
    ("name", "given", "hint"),
    [
        ("ACTIVE_STORAGE_SERVICE", "amazn", "did you mean amazon?"),
        ("ACTIVE_STORAGE_SERVICE", "S3_COMPATIBLE", "did you mean s3_compatible?"),
        ("ACTIVE_STORAGE_SERVICE", "azure", "There are: local, test"),
        ("LLMIO_SEARCH_PROVIDER", "postgresql", "did you mean postgres?"),
    ],
)
def test_what_no_plugin_brings_is_named_with_what_there_is(run, name, given, hint):
    answer = run("check", LLMIO_ENV="development", **{name: given})
    assert f"Note: {name}: no plugin that is on brings {given!r}" in answer.output
    assert hint in answer.output
    assert name not in run("check", LLMIO_ENV="development", ACTIVE_STORAGE_SERVICE="google").output


BAD = {
    "a host": ("CANONICAL_HOST", "https://decide.example.org/", "is not a name alone", True),
    "a database": ("DATABASE_URL", "mysql://me:planted@db/x", "is not an address that begins with postgresql://", True),
    "a redis": ("REDIS_URL", "http://:planted@cache", "is not an address that begins with redis://", True),
    "reports": ("SENTRY_DSN", "planted", "is not an address that begins with https://", True),
    "the channel": ("CHANNELS_URI", "http://[::1", "is not an address that begins with wss://", True),
    "writing together": ("HOCUSPOCUS_URL", "hocuspocus.example.org", "is not an address that begins with wss://", True),
    "a link": ("HELP_URL", "javascript:alert(1)", "is not an address that begins with https://", False),
    "a logo": ("THEME_APP_LOGO_SRC", "//evil.example/x", "or a path of this site", False),
    "a colour": ("THEME_PRIMARY_COLOR", "red", "is not a colour written as #3355c4", False),
    "an address": ("SUPPORT_EMAIL", "nobody", "is not a mail address", False),
    "a pattern": ("SPAM_REGEX", "(spam", "is not a regular expression", False),
    "a path": ("FEATURES_DEFAULT_PATH", "//evil.example", "is not a path of this site", False),
    "without end": ("RACK_ATTACK_RATE_MULTPLIER", "inf", "must be from 0 to", True),
    "below nothing": ("RACK_ATTACK_TIME_MULTPLIER", "-1", "must be from 0.001 to", True),
    "no bytes": ("MAX_ATTACHMENT_BYTES", "-1", "must be from 1 to", True),
    "more than all": ("SENTRY_SAMPLE_RATE", "7", "must be from 0 to 1", True),
}


@pytest.mark.parametrize("how", BAD)
def test_what_a_value_must_be_is_said_before_a_page_fails(run, how):
    name, value, words, fatal = BAD[how]
    answer = run("check", LLMIO_ENV="development", **{name: value})
    line = next(one for one in answer.stdout.splitlines() if name in one)
    assert (words in line, line.startswith("Wrong" if fatal else "Note"), answer.exit_code) == (
        True,
        True,
        int(fatal),
    ), line
    assert "planted" not in answer.stdout
    if not fatal:
        assert "it counts as not set" in line
        assert f"= {value}  (" not in run("describe", LLMIO_ENV="development", **{name: value}).stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CANONICAL_HOST", "décide.example.org"),
        ("CANONICAL_HOST", "localhost:3000"),
        ("DATABASE_URL", "postgres://me:p[@ss:w/ord@/llmio?host=/run/pg"),
        ("REDIS_URL", "unix:///run/valkey.sock?db=1"),
        ("HELP_URL", "/help"),
        ("SUPPORT_EMAIL", "Help <help@example.org>"),
        ("THEME_PRIMARY_COLOR", "#Abc"),
        ("SPAM_REGEX", " "),
        ("SENTRY_DSN", "https://key:secret@o1.ingest.sentry.io/1"),
    ],
)
def test_what_a_value_may_be_is_taken(run, name, value):
    answer = run("check", LLMIO_ENV="development", **{name: value})
    assert (answer.exit_code, f": {name}:" in answer.stdout) == (0, False), answer.stdout


def test_no_number_is_without_bounds():
    numbers = [one for one in documented().settings.declared.values() if one.kind in ("int", "float")]
    assert [one.env for one in numbers if one.within is None] == []
