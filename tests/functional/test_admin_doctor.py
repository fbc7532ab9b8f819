"""`/admin/doctor`: the site is examined by a job, findings and bundle are shown; nothing secret is in any byte."""

from __future__ import annotations

import io
import tarfile

import pytest

from llmio.core.work import LongWork, State
from tests import factories as make

PLANTED = {
    "SECRET_COOKIE_TOKEN": "cookie-secret-planted-of-at-least-32-letters",
    "SMTP_PASSWORD": "smtp-password-planted",
    "SMTP_USERNAME": "mailer.planted@people.example",
    "VAPID_PRIVATE_KEY": "vapid-planted-private",
    "THIRD_PARTY_TOKEN": "token-of-another-program-planted",
    "SUPPORT_EMAIL": "ada.planted@people.example",
    "REDIS_URL": "redis://:redis-planted@127.0.0.1:1/0",
}
LOG = """\
2026-11-26 04:00:01 INFO llmio.web: GET /up 200 in 3 ms
mail to Ada Planted <ada.planted@people.example> was refused, smtp-password-planted is wrong
connecting to postgresql://llmio:url-planted-1@db.example:5432/llmio
"""


@pytest.fixture
def worker_of_a_site(pg_url, tmp_path, monkeypatch):
    """Variables and files that the process has in which the job runs."""
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "web.log").write_text(LOG)
    (tmp_path / "setup-token").write_text("setup-planted-token")
    known = {"DATABASE_URL": pg_url, "LLMIO_ENV": "testing", "LLMIO_DATA": str(tmp_path), "SMTP_SERVER": "127.0.0.1",
             "SMTP_PORT": "1", "SMTP_TIMEOUT": "1", "LLMIO_DNS_SERVERS": "127.0.0.1:1", "LLMIO_SUPERVISED": "1"}  # fmt: skip
    for name, value in (PLANTED | known).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def test_the_site_is_examined_and_nothing_secret_is_shown_or_handed_out(web, db, run_jobs, worker_of_a_site):
    web.sign_in(make.admin_of_site(db))
    assert "Not looked at yet" in web.get("/admin/doctor").text
    web.get("/admin/doctor/bundle", status=404)
    followed = web.send("/admin/doctor").follow()
    assert "Waits for its turn" in followed.text
    assert web.send("/admin/doctor").location == followed.request.url, "one at a time"
    assert "Look now" not in web.get("/admin/doctor").text
    run_jobs()
    db.expire_all()
    one = db.query(LongWork).one()
    assert (one.state, one.done > 10, one.done, one.link) == (State.DONE, True, one.total, "/admin/doctor")
    page = web.get("/admin/doctor")
    told = {row.select_one("code").text: row.text for row in page.html.select("li[id^=finding-]")}
    assert {"redis.unreachable", "mail.unreachable"} & told.keys(), told
    assert "What to do:" in told["redis.unreachable"]
    answer = web.get("/admin/doctor/bundle")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="llmio-support-')
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as archive:
        files = {entry.name: archive.extractfile(entry).read() for entry in archive}
    assert b"GET /up 200" in files["llmio-doctor/logs/web.log"]
    whole = b"\n".join([*files.values(), page.body, followed.body, web.get(f"/work/{one.id}").body]).lower()
    assert b"planted" not in whole
    assert b"people.example" not in whole


def test_a_command_that_gives_nothing_is_said(web, db, run_jobs, monkeypatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    web.sign_in(make.admin_of_site(db))
    web.send("/admin/doctor")
    run_jobs(failures=True)
    db.expire_all()
    one = db.query(LongWork).one()
    assert (one.state, "wrote no bundle" in one.error) == (State.FAILED, True)
    assert "wrote no bundle" in web.get(f"/work/{one.id}").text


def test_the_page_is_for_administrators(web, db):
    for path in ("/admin/doctor", "/admin/doctor/bundle"):
        assert web.sign_in(make.user(db)).get(path, expect_errors=True).status_int in (403, 404)
    assert web.send("/admin/doctor", expect_errors=True).status_int in (403, 404)
