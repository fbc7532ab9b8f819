"""The support bundle: helpful, and without secrets or people's data, wherever they were planted."""

from __future__ import annotations

import base64
import io
import json
import stat
import tarfile
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from llmio.cli.doctor.masking import MASK, Masking
from tests.commands import run_command
from tests.fulldisk import full

PLANTED = {
    "SECRET_COOKIE_TOKEN": "cookie-secret-planted-of-at-least-32-letters",
    "SMTP_PASSWORD": "smtp pässword/planted",
    "SMTP_USERNAME": "mailer.planted@people.example",
    "VAPID_PRIVATE_KEY": "vapid-planted-private",
    "SENTRY_DSN": "https://sentryplanted4711@errors.example/5",
    "THIRD_PARTY_TOKEN": "token-of-another-program-planted",
    "AWS_SECRET_ACCESS_KEY": "aws-planted-secret",
    "PEM_OF_A_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\nwith/planted/line+one\nwith/planted/line+two\n-----END PRIVATE KEY-----\n",
    "GCS_CREDENTIALS": json.dumps({"client_email": "x", "private_key": "in/json+planted\nsecond/planted+line\n"}),
    "TEST_SLACK_WEBHOOK": "https://hooks.example/services/TPlanted/BPlanted/WithoutAnyDigitPlanted",
    "SUPPORT_EMAIL": "ada.planted@people.example",
}
IN_FILES = {
    "inbound": "inbound-planted-password",
    "dotenv": "dotenv-planted-password",
    "ini": "ini-planted-metrics-token",
    "devise": "devise-planted-secret",
    "setup": "setup-planted-token",
    "redis": "redisplanted1",
    "database": "dbplanted%2F1",
}
LOG = f"""\
2026-11-26 04:00:01 INFO llmio.web: GET /up 200 in 3 ms request_id=0011223344556677
connecting to postgresql://llmio:url-planted-1@db.example:5432/llmio
connecting to redis://:url-planted-2@cache:6379/0 again
GET /login/token/Zk3planted9QwErTyUiOp12 200
GET /d/abc?unsubscribe_token=query-planted-1&user=ben.planted@people.example 200
Authorization: Bearer bearer-planted-1
Authorization: Basic {base64.b64encode(PLANTED["SMTP_PASSWORD"].encode()).decode()}
{{"password": "json-planted-1", "level": "info"}}
mail to Ada Planted <ada.planted@people.example> was refused
smtp said 535 {PLANTED["SMTP_PASSWORD"]} is wrong, and {quote(PLANTED["SMTP_PASSWORD"], safe="")} too
cannot read with/planted/line+two nor second/planted+line
posting to https://hooks.example/services/TPlanted/BPlanted/WithoutAnyDigitPlanted failed
Cookie: theme=planted1; llmio_session=planted2; other=planted3
session eyJhbGciOiJIUzI1NiJ9planted0 ended
request from 8.8.4.4 and 2001:4860:4860::8888, by the proxy at 172.18.0.5
ERROR:  duplicate key value violates unique constraint
DETAIL:  Key (name)=(Grace Planted) already exists.
STATEMENT:  INSERT INTO users (name) VALUES ('Grace Planted')
\t, ('Alan Planted'), ('Planted on a line of its own')
sqlalchemy.exc.DataError: bad [parameters: {{'body': 'words planted in a comment'}}]
DETAIL:  Failing row contains (7, first line planted
second line planted in a body
third line planted, null).
2026-11-26 04:00:02 INFO llmio.web: after the statement
ValueError: 'Title planted by a member' is too long
  File "/srv/llmio/web/pages.py", line 12, in page
cookie-secret-planted-of-at-least-32-letters in the middle
"""


@pytest.fixture
def bundle(site, tmp_path, monkeypatch):
    """`bundle(…)`: a bundle of the site with all that is planted; its files by name."""

    def made(**changes):
        data, home = tmp_path / "data", tmp_path / "home"
        (data / "log").mkdir(parents=True)
        home.mkdir()
        (data / "log" / "web.log").write_text(LOG * 3)
        (data / "secrets.json").write_text(json.dumps({"DEVISE_SECRET": IN_FILES["devise"]}))
        (data / "secrets.json").chmod(0o600)
        (data / "setup-token").write_text(IN_FILES["setup"])
        (tmp_path / "inbound").write_text(IN_FILES["inbound"])
        (home / "site.ini").write_text(f"[app:main]\nuse = egg:llmio\nmetrics.token = {IN_FILES['ini']}\n")
        (home / ".env").write_text(f"STORAGE_SECRET_ACCESS_KEY={IN_FILES['dotenv']}\n")
        (home / ".env").chmod(0o600)
        monkeypatch.chdir(home)
        file = home / "bundle.tar.gz"
        env = site.env | PLANTED | {
            "LLMIO_DATA": str(data), "LLMIO_INI": str(home / "site.ini"), "RAILS_INBOUND_EMAIL_PASSWORD_FILE": str(tmp_path / "inbound"),
            "REDIS_URL": f"redis://:{IN_FILES['redis']}@127.0.0.1:1/0",
        } | changes  # fmt: skip
        areas = [word for name in ("settings", "redis", "mail", "plugins") for word in ("--only", name)]
        answer = run_command("doctor", "--bundle", str(file), *areas, env=env)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        raw = file.read_bytes()
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            files = {one.name.removeprefix("llmio-doctor/"): archive.extractfile(one).read() for one in archive}
        return SimpleNamespace(answer=answer, files=files, raw=raw)

    return made


def test_nothing_secret_is_in_any_byte(bundle, tell):
    error = "DataError: Key (name)=(Grace Planted) [parameters: (''words planted'')]"
    tell("INSERT INTO llmio.plugin_failures (plugin, digest, place, error, traceback, count, first_at, last_at) "
         f"VALUES ('poll_score', 'd', 'polls.score', '{error}', '', 1, now(), now())")  # fmt: skip
    try:
        made = bundle()
    finally:
        tell("DELETE FROM llmio.plugin_failures")
    assert b"plugins.failing" in made.files["findings.json"]
    whole = b"\n".join(name.encode() + b"\n" + words for name, words in made.files.items())
    assert b"planted" not in whole.lower()
    for secret in (*PLANTED.values(), *IN_FILES.values()):
        for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("=")):
            assert form.encode() not in whole
    for address in (b"8.8.4.4", b"2001:4860", b"people.example"):
        assert address not in whole
    assert "planted" not in made.answer.stderr.lower()


def test_what_helps_is_there(bundle, site):
    made = bundle()
    assert sorted(made.files) == [
        "README.txt", "findings.json", "logs/web.log", "migrations.json", "plugins.json", "queues.json", "settings.json",
        "versions.json",
    ]  # fmt: skip
    read = {name: json.loads(words) for name, words in made.files.items() if name.endswith(".json")}
    assert "redis.unreachable" in {one["code"] for one in read["findings.json"]}
    assert read["versions.json"]["postgresql"].startswith("17")
    assert "SQLAlchemy" in read["versions.json"]["packages"]
    settings = {one["variable"]: (one["value"], one["origin"]) for one in read["settings.json"]}
    assert settings["CANONICAL_HOST"] == ("localhost", "environment")
    assert settings["SMTP_PASSWORD"] == ("set", "environment")
    assert settings["LLMIO_METRICS_TOKEN"] == ("set", "ini")
    assert settings["RAILS_INBOUND_EMAIL_PASSWORD"] == ("set", "file")
    assert read["migrations.json"]["llmio"] == [read["migrations.json"]["code"]]
    assert "poll_score" in {one["name"] for one in read["plugins.json"]}
    assert {one["name"] for one in read["queues.json"]["signs_of_life"]} == {"worker", "schedule"}
    log = made.files["logs/web.log"].decode()
    for kept in ("INFO llmio.web: after the statement", "GET /up 200 in 3 ms request_id=0011223344556677", "db.example:5432/llmio", "172.18.0.5", "duplicate key value",
                 'File "/srv/llmio/web/pages.py", line 12, in page', "mail to Ada"):  # fmt: skip
        assert kept.replace("mail to Ada", "was refused") in log
    assert "bundle.tar.gz" in made.answer.stderr


def test_a_site_whose_database_is_gone_still_gives_a_bundle(bundle):
    made = bundle(DATABASE_URL=f"postgresql://llmio:{IN_FILES['database']}@127.0.0.1:1/none")
    whole = b"\n".join(made.files.values())
    assert b"database.unreachable" not in whole, "only settings, redis and mail were asked for"
    assert b"dbplanted" not in whole
    assert json.loads(made.files["queues.json"]) == {"error": "the database does not work"}


def test_place_where_no_file_can_be_written(site, tmp_path):
    answer = run_command("doctor", "--only", "disk", "--bundle", str(tmp_path / "none" / "b.tar.gz"), env=site.env)
    assert answer.code == 1
    assert answer.stderr == f"Error: {tmp_path / 'none' / 'b.tar.gz'} cannot be written: No such file or directory\n"
    assert answer.stdout == "All is well.\n", "what was found is said all the same"
    with full(100):
        answer = run_command("doctor", "--only", "disk", "--bundle", str(tmp_path / "b.tar.gz"), env=site.env)
    assert (answer.code, "b.tar.gz cannot be written" in answer.stderr) == (1, True)
    assert not (tmp_path / "b.tar.gz").exists()


@pytest.mark.parametrize(
    "harmless",
    [
        "the database is at revision core_0016, the code needs upkeep_0015",
        "llmio.live.channels: live channel on port 25413 for https://localhost:41675",
        "PostgreSQL 17.5 on x86_64-pc-linux-gnu",
        "2026-11-26T04:15:09.581 worker started",
        "extension hstore is missing",
        "127.0.0.1:5432 and 10.0.0.7 answer",
    ],
)
def test_what_is_harmless_stays(harmless):
    assert Masking(["another secret"]).line(harmless) == harmless


def test_short_values_do_not_mask_every_word():
    assert Masking(["a", "on", "llmio"]).text("llmio is on a host") == "llmio is on a host"
    assert Masking(["hush"]).text("hush, said hush") == f"{MASK}, said {MASK}"
