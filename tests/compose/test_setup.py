"""`llmio setup`: from nothing to a file that the containers start with."""

from __future__ import annotations

import stat

import pytest
from dotenv import dotenv_values

from llmio.cli.setup import quoted
from tests.commands import run_command
from tests.compose.files import environment, variables
from tests.fulldisk import full

TOLD = ("--host", "decide.example.org", "--support-email", "help@example.org", "--smtp-server", "mail.example.org",
        "--smtp-port", "587", "--smtp-username", "decide")  # fmt: skip


def setup(path, *options: str, typed: str = "", **env: str):
    return run_command("setup", "--file", str(path), *options, env=env, typed=typed)


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".env"


def test_what_it_writes_passes_the_check_and_has_all_that_compose_reads(path):
    answer = setup(path, "--yes", *TOLD, SMTP_PASSWORD="pa$$ 'word")
    assert answer.code == 2  # such a password has no form that all readers take alike
    answer = setup(path, "--yes", *TOLD, SMTP_PASSWORD="pa$$ word#")
    assert (answer.code, answer.stderr) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = dotenv_values(path, interpolate=False)
    assert written["CANONICAL_HOST"] == "decide.example.org"
    assert written["REPLY_HOSTNAME"] == "reply.decide.example.org"
    assert written["SMTP_PASSWORD"] == "pa$$ word#"
    assert {name for name, default in variables("docker-compose.yml").items() if default is None} <= set(written)
    for service in ("app", "worker", "haraka", "hocuspocus"):
        checked = run_command("config", "check", env=environment(service, written))
        assert "Wrong" not in checked.stdout, checked.stdout


def test_secrets_are_made_anew_for_each_site_and_not_shown(path, tmp_path):
    first, second = setup(path, "--yes", *TOLD), setup(tmp_path / "second", "--yes", *TOLD)
    one, other = dotenv_values(path), dotenv_values(tmp_path / "second")
    for name in ("SECRET_COOKIE_TOKEN", "DEVISE_SECRET", "POSTGRES_PASSWORD", "RAILS_INBOUND_EMAIL_PASSWORD"):
        assert len(one[name]) >= 32
        assert one[name] != other[name]
        assert one[name] not in first.stdout + first.stderr + second.stdout


def test_what_is_missing_is_named_by_its_option(path):
    for told, option in (((), "--host"), (("--host", "decide.example.org"), "--support-email")):
        answer = setup(path, "--yes", *told)
        assert answer.code == 2
        assert answer.stderr.splitlines()[-1] == f"Error: {option} is missing; without --yes you are asked for it."
    assert not path.exists()


def test_a_full_disk_leaves_nothing_behind(path):
    with full():
        answer = setup(path, "--yes", *TOLD)
    assert (answer.code, f"{path} cannot be written" in answer.stderr) == (1, True), answer
    assert list(path.parent.iterdir()) == []


def test_whoever_stops_at_a_question_is_told_that_it_stopped(path):
    answer = setup(path, typed="decide.example.org\n")
    assert (answer.code, answer.stderr) == (130, "\nStopped.\n")
    assert not path.exists()


def test_what_is_there_stays_and_is_said(path):
    path.write_text("# ours\nCANONICAL_HOST=old.example.org\nSECRET_COOKIE_TOKEN='kept'\nSITE_NAME=Ours\n")
    answer = setup(path, "--yes", *TOLD)
    assert "Kept as they were: CANONICAL_HOST, SECRET_COOKIE_TOKEN." in answer.stdout
    text = path.read_text()
    assert text.startswith("# ours\nCANONICAL_HOST=old.example.org\nSECRET_COOKIE_TOKEN='kept'\nSITE_NAME=Ours\n")
    assert text.count("CANONICAL_HOST=") == text.count("SECRET_COOKIE_TOKEN=") == 1
    assert dotenv_values(path)["REPLY_HOSTNAME"] == "reply.old.example.org"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("there", "not_written"),
    [
        ("SECRET_COOKIE_SECRET=kept", "SECRET_COOKIE_TOKEN="),
        ("SECRET_KEY_BASE=kept", "SECRET_COOKIE_TOKEN="),
        ("SMTP_SERVER=mail.example.org\nSMTP_USERNAME=us\nSMTP_PASSWORD_FILE=/run/secrets/smtp", "SMTP_PASSWORD="),
        ("RAILS_INBOUND_EMAIL_PASSWORD_FILE=/run/secrets/inbound", "RAILS_INBOUND_EMAIL_PASSWORD="),
    ],
)
def test_what_is_there_by_another_name_or_in_a_file_is_not_made_anew(path, there, not_written):
    path.write_text(there + "\n")
    assert setup(path, "--yes", *TOLD, "--smtp-password", "other").code == 0
    assert not_written not in path.read_text()


def test_a_link_stays_and_the_file_behind_it_is_written(path, tmp_path):
    real = tmp_path / "elsewhere.env"
    real.write_text("SITE_NAME=Ours\n")
    path.symlink_to(real)
    assert setup(path, "--yes", *TOLD).code == 0
    assert path.is_symlink()
    assert dotenv_values(real)["CANONICAL_HOST"] == dotenv_values(path)["CANONICAL_HOST"] == TOLD[1]


def test_a_file_that_is_no_text_is_named_and_stays(path):
    path.write_bytes(b"SITE_NAME=M\xfcller\n")
    answer = setup(path, "--yes", *TOLD)
    assert (answer.code, "is no text in UTF-8 (byte 12)" in answer.stderr) == (1, True), answer.stderr
    assert path.read_bytes() == b"SITE_NAME=M\xfcller\n"


def test_a_host_in_letters_of_ones_own_is_written_as_the_dns_has_it(path):
    assert setup(path, "--yes", "--host", "Müller.example", "--support-email", "a@example.org").code == 0
    written = dotenv_values(path)
    assert written["CANONICAL_HOST"] == "xn--mller-kva.example"
    assert written["REPLY_HOSTNAME"] == "reply.xn--mller-kva.example"


def test_twice_changes_nothing(path):
    setup(path, "--yes", *TOLD)
    before = path.read_text()
    answer = setup(path, "--yes", *TOLD, "--host", "other.example.org")
    assert path.read_text() == before
    assert "0 variables written" in answer.stdout


def test_it_asks_for_what_it_was_not_told(path):
    typed = "decide.example.org\nhelp@example.org\nmail.example.org\n465\ndecide\nword\n\n"
    answer = setup(path, typed=typed)
    assert answer.code == 0, answer.stderr
    written = dotenv_values(path)
    assert (written["SMTP_PORT"], written["SMTP_PASSWORD"]) == ("465", "word")
    assert written["REPLY_HOSTNAME"] == "reply.decide.example.org"


def test_a_wrong_answer_is_asked_again(path):
    answer = setup(path, typed="https://decide\ndecide.example.org\nnobody\nhelp@example.org\n\n\n")
    assert answer.code == 0, answer.stderr
    assert "is no name of a host" in answer.stdout + answer.stderr
    assert "is no mail address" in answer.stdout + answer.stderr
    assert dotenv_values(path)["CANONICAL_HOST"] == "decide.example.org"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "https://decide.example.org"), "no name of a host"),
        (("--host", "localhost"), "no name of a host"),
        (("--host", "decide.example.org", "--support-email", "nobody"), "no mail address"),
        (
            ("--host", "decide.example.org", "--support-email", "a@example.org", "--smtp-port", "0"),
            "0 is not in the range",
        ),
        ((), "--host is missing"),
    ],
)
def test_a_wrong_option_is_refused_and_nothing_is_written(path, options, words):
    answer = setup(path, "--yes", *options)
    assert answer.code == 2
    assert words in answer.stderr
    assert not path.exists()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    answer = setup(tmp_path / "absent" / ".env", "--yes", *TOLD)
    assert answer.code == 1
    assert "cannot be written: No such file or directory" in answer.stderr


@pytest.mark.parametrize(
    "value", ["plain", "with blank", "hash#", "dollar$HOME", "it's", 'say "it"', "back\\slash", "ümlaut"]
)
def test_values_come_back_as_they_were(tmp_path, value):
    (tmp_path / "env").write_text(f"NAME={quoted(value)}\n")
    assert dotenv_values(tmp_path / "env", interpolate=False)["NAME"] == value
