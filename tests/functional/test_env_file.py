"""A `.env` file as operators of the reference have it starts llmio unchanged; what is in it stays in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import httpx
import pytest

from llmio.core import sources
from llmio.core.errors import Unavailable
from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from tests.commands import run_command
from tests.loopback import PLAIN
from tests.processes import PATIENCE

get = partial(PLAIN.get, timeout=PATIENCE)
SAMPLE = Path(__file__).resolve().parents[1] / "fixtures" / "reference.env"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the file in it, as the working directory; variables that were read are gone afterwards."""
    shutil.copy(SAMPLE, tmp_path / ".env")
    (tmp_path / ".env").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    time.tzset()
    before, zone = dict(os.environ), time.tzname
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)
    time.tzset()
    assert time.tzname == zone


def rows(answer):
    return {row["key"]: row for row in json.loads(answer.stdout)["settings"]}


def test_every_kind_of_line_is_read(folder):
    found = rows(run_command("config", "describe", "--json", env={}))
    expected = {
        "site.name": "Coöp Décide # together",
        "site.description": 'Decide "well", together',
        "site.support_email": "ops@example.org",
        "mail.from": "notices@example.org",
        "site.ssl": True,
        "site.port": None,
        "web.workers": "auto",
        "web.threads": 4,
        "channels.url": "wss://channels.decide.example.org",
        "features.disable_create_group": True,
        "features.disable_create_user": False,
        "features.sitemap": False,
        "llmio.env": "production",
        "log.level": "warn",
    }
    assert {key: found[key]["value"] for key in expected} == expected
    assert found["security.secret"]["from"] == "SECRET_KEY_BASE"


AS_COMPOSE = {
    "plain": ("A=x\nB=p$A-q\n", "px-q"),
    "in double quotes": ('A=x\nB="p$A ${A}"\n', "px x"),
    "in single quotes nothing": ("A=x\nexport B = 'p$A ${A} $$'\n", "p$A ${A} $$"),
    "a dollar": ("B=pa$$word$$\n", "pa$word$"),
    "no name follows": ("B=cost$5, 5$\n", "cost$5, 5$"),
    "unset": ("B=a${NOPE}$NOPE-b\n", "a-b"),
    "default": ("E=\nB=${NOPE-a}${E-b}${E:-c}${NOPE:-d-$$}\n", "acd-$"),
    "instead": ("A=x\nE=\nB=${A:+yes}${E:+no}${E+there}${NOPE+no}\n", "yesthere"),
    "from the environment": ("B=$GIVEN\n", "env"),
    "from a line above, else from the environment": ("GIVEN=file\nB=$GIVEN\n", "file"),
    "not twice": ("A='$GIVEN'\nB=$A\n", "$GIVEN"),
    "after a byte order mark": ("\ufeffB=1\n", "1"),
    "with the line ends of Windows": ("B='a\r\nb'\r\nC=2\r\n", "a\r\nb"),
    "over many lines": (
        'B=\'{\n "key": "-----BEGIN\\\\nX",\n "a": "$b"\n}\'\n',
        '{\n "key": "-----BEGIN\\nX",\n "a": "$b"\n}',
    ),
}


@pytest.mark.parametrize("how", AS_COMPOSE)
def test_a_value_is_what_docker_compose_makes_of_it(tmp_path, how):
    text, expected = AS_COMPOSE[how]
    path = tmp_path / "one.env"
    path.write_bytes(text.encode())
    environment = {"GIVEN": "env"}
    sources.load_env_file(path, environment)
    assert environment["B"] == expected
    assert sources.from_env_file(environment)["B"] == str(path)


def test_check_has_no_fault_and_explain_names_the_file(folder):
    answer = run_command("config", "check", env={})
    assert answer.code == 0, answer.stdout
    assert "Wrong" not in answer.stdout
    assert "nothing reads" not in answer.stdout
    assert "Note: OPENAI_API_KEY: is not used yet." in answer.stdout
    explained = run_command("config", "explain", "SITE_NAME", env={})
    assert f"variable SITE_NAME, from {folder / '.env'}" in explained.stdout


def test_the_environment_wins_over_the_file(folder):
    found = rows(run_command("config", "describe", "--json", env={"SITE_NAME": "Another"}))
    assert found["site.name"]["value"] == "Another"


def test_a_file_is_named_before_or_after_the_command(folder):
    (folder / "other.env").write_text("SITE_NAME=Other\n")
    for arguments in (
        ("--env-file", "other.env", "config", "describe", "--json"),
        ("config", "describe", "--json", "--env-file=other.env"),
    ):
        found = rows(run_command(*arguments, env={}))
        assert (found["site.name"]["value"], found["site.host"]["value"]) == ("Other", "localhost")
        for name in ("SITE_NAME", sources.ENV_FILE):
            os.environ.pop(name, None)


def test_a_misspelt_name_in_the_file_is_noticed(folder):
    (folder / ".env").write_text("SMTP_SEVER=planted\nOWN_THING=planted\n")
    (folder / ".env").chmod(0o644)
    said = run_command("config", "check", env={"LLMIO_ENV": "development"}).stdout
    assert f"SMTP_SEVER: nothing reads this variable of {folder / '.env'}; did you mean SMTP_SERVER?" in said
    assert "OWN_THING: nothing reads this variable" in said
    assert "chmod 600" in said
    assert "planted" not in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"A=1\nwhat is this\n", "line 2: write NAME=value"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"A=1\nB=planted\0\n", "line 2: a value cannot hold a NUL"),
        (b"A=1\nB=${NOPE:?set NOPE first}\n", "line 2: NOPE is not set: set NOPE first"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(folder, text, words):
    path = folder / "broken.env"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(Unavailable, match=words):
        sources.load_env_file(path, {})
    answer = run_command("serve", "--env-file", str(path), env={})
    assert (answer.code, words in answer.stderr) == (1, True)
    assert "Traceback" not in answer.stderr


def planted() -> list[str]:
    """What must be seen nowhere."""
    return [
        line.partition("=")[2].strip("\"'")
        for line in SAMPLE.read_text().splitlines()
        if "planted" in line and not line.startswith("#")
    ]


def test_secrets_are_in_no_output_of_a_command(folder):
    assert len(planted()) > 10
    wrong = {"MAX_LOGIN_ATTEMPTS": "many", "SMTP_SSL_VERIFY_MODE": "prier", "SECRET_COOKIE_SECRET": "planted-third"}
    url = {
        "DATABASE_URL": "postgresql://me:planted-url@127.0.0.1:9/none",
        "REDIS_URL": "redis://:planted-url@127.0.0.1:9",
    }
    said = ""
    for arguments in (
        ("config", "describe"),
        ("config", "describe", "--json"),
        ("config", "check"),
        ("config", "check", "--json"),
        ("config", "explain", "SMTP_PASSWORD"),
        ("config", "explain", "DATABASE_URL"),
        ("config", "explain", "security.secret", "--json"),
        ("db", "check"),
        ("jobs", "list"),
        ("user", "make-admin", "nobody@example.org"),
        ("plugins", "list"),
    ):
        answer = run_command(*arguments, env=wrong | url)
        said += answer.stdout + answer.stderr
    said += run_command("serve", env=url | {"DATABASE_URL": "me:planted-url@nowhere"}).stderr
    assert "many" in said
    assert "planted" not in said


@pytest.mark.xdist_group("up")
def test_the_file_starts_the_site_unchanged(folder, committed_db, redis_url):
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "LLMIO_CACHE")}
    output = folder / "output"
    # Where the servers are differs for every site; all else is the file.
    given = kept | {"DATABASE_URL": committed_db.url, "REDIS_URL": redis_url, "LLMIO_DATA": str(folder / "data")}
    with output.open("w") as out:
        command = [sys.executable, "-m", "llmio", "up", "--port", str(port)]
        site = subprocess.Popen(command, env=given, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        assert wait_until(lambda: "is ready" in output.read_text() or site.poll() is not None, PATIENCE), "no answer"
        assert "is ready" in output.read_text(), output.read_text()
        assert f"Variables are read from {folder / '.env'}" in output.read_text()
        base = f"http://127.0.0.1:{port}"
        led = get(f"{base}/sign_in?next=/inbox", headers={"Host": "evil.example"})
        assert (led.status_code, led.headers["Location"]) == (301, "https://decide.example.org/sign_in?next=/inbox")
        assert get(f"{base}/up").text == "ok"
        page = get(f"{base}/sign_in", headers={"X-Forwarded-Proto": "https", "Host": "decide.example.org"})
        assert page.status_code == 200
        assert "Coöp Décide # together" in page.text
        assert "/brand/logo.svg" in page.text
        assert "; secure; HttpOnly" in page.headers["Set-Cookie"]
        assert "max-age" in page.headers["Strict-Transport-Security"]
        assert "wss://channels.decide.example.org" in page.headers["Content-Security-Policy"]
        sheet = get(f"{base}/theme.css", headers={"X-Forwarded-Proto": "https"}).text
        assert "--ll-accent:#aa3377" in sheet
        explored = get(f"{base}/explore", headers={"X-Forwarded-Proto": "https"})
        assert explored.status_code == 200
        logs = lambda: "".join(path.read_text() for path in (folder / "data" / "log").glob("*.log"))  # noqa: E731
        assert wait_until((folder / "data" / "log" / "worker.log").exists, PATIENCE)
    finally:
        site.send_signal(signal.SIGINT)
        site.wait(PATIENCE)
    for secret in planted():
        assert secret not in output.read_text() + logs()
    made = folder / "data" / "secrets.json"
    assert made.stat().st_mode & 0o777 == 0o600
    for secret in json.loads(made.read_text()).values():
        assert secret not in output.read_text() + logs()


def test_the_port_may_come_from_an_ini_file(folder, committed_db, redis_url):
    (folder / ".env").unlink()
    port = free_port()
    (folder / "site.ini").write_text(
        f"[app:main]\nuse = egg:llmio\nllmio.env = development\nsite.port_listen = {port}\nweb.workers = 1\n"
        f"site.name = From the ini\ndatabase.url = {committed_db.url.replace('%', '%%')}\nredis.url = {redis_url}\nllmio.data = {folder}\n"
    )
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "LLMIO_CACHE")}
    log = folder / "log"
    with log.open("w") as out:
        command = [sys.executable, "-m", "llmio", "serve", "--ini", "site.ini"]
        server = subprocess.Popen(command, env=kept, stdout=out, stderr=subprocess.STDOUT)

    def answers() -> bool:
        try:
            return "From the ini" in get(f"http://127.0.0.1:{port}/sign_in").text
        except httpx.HTTPError:
            return server.poll() is not None

    try:
        assert wait_until(answers, PATIENCE)
        assert server.poll() is None, log.read_text()
    finally:
        server.terminate()
        server.wait(PATIENCE)
