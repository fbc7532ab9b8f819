"""/dev/mail, the page of a developed site's mail."""

from __future__ import annotations

import mailbox as mailboxes
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from llmio.core.ports import Mail
from llmio.mail.message import build

MAIL = Mail(
    to=("Ada", "ada@example.org"),
    sender=("llmio", "notifications@localhost"),
    subject="Hello <Ada>",
    text="Look: https://example.org/a?b=1&c=2. <script>",
    html='<html><head></head><body><p>Hi</p><a href="https://example.org">x</a><script>alert(1)</script></body></html>',
    message_id="<1@localhost>",
)


@pytest.fixture
def folder(data_folder):
    box = mailboxes.Maildir(data_folder / "mail", create=True)
    yield box
    box.clear()


def keep(folder, mail, day=1):
    return folder.add(build(mail, datetime(2026, 11, day, tzinfo=UTC)).as_bytes())


def test_without_mail_the_page_says_how_some_comes(web):
    assert "No mail yet" in web.get("/dev/mail").text


def test_newest_mail_stands_first(web, folder):
    for number in range(3):
        keep(folder, replace(MAIL, subject=f"Number {number}"))
    found = [link.text for link in web.get("/dev/mail").html.select(".row-title a")]
    assert found == ["Number 2", "Number 1", "Number 0"]


def test_mail_is_shown_in_a_frame_where_nothing_runs(web, folder):
    key = keep(folder, MAIL)
    page = web.get("/dev/mail").click("Hello")
    assert page.html.h1.text == "Hello <Ada>"
    frame = page.html.iframe
    assert frame["src"] == f"/dev/mail/{key}/html"
    assert "allow-scripts" not in frame["sandbox"]
    inner = web.get(frame["src"])
    assert "<p>Hi</p>" in inner.text
    assert '<base target="_top">' in inner.text
    policy = inner.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy


def test_text_and_headers_are_escaped_and_links_can_be_followed(web, folder):
    key = keep(folder, MAIL)
    page = web.get(f"/dev/mail/{key}", {"as": "text"})
    assert page.html.select_one(".mail-text a")["href"] == "https://example.org/a?b=1&c=2"
    assert "<script>" in page.html.select_one(".mail-text").text
    assert not page.html.select(".mail-text script")
    assert "<1@localhost>" in web.get(f"/dev/mail/{key}", {"as": "headers"}).html.select_one(".mail-text").text
    assert "Message-ID: <1@localhost>" in web.get(f"/dev/mail/{key}/source").text


def test_broken_mail_breaks_nothing(web, folder):
    key = folder.add(b"Subject: =?utf-8?b?broken\nDate: never\nContent-Type: text/html; charset=nowhere\n\n\xff\xfe")
    assert web.get("/dev/mail").status_int == 200
    for path in ("", "/html", "/source"):
        assert web.get(f"/dev/mail/{key}{path}").status_int == 200


@pytest.mark.parametrize("key", ["nothing", "..", "../../secret", "%2e%2e%2fsecret", "a%00b"])
def test_other_files_cannot_be_read(web, folder, data_folder, key):
    (data_folder / "secret").write_text("Subject: secret\n\nsecret")
    assert web.get(f"/dev/mail/{key}", expect_errors=True).status_int in (400, 404)


def test_mail_is_secret_in_production(app):
    from llmio import web

    before = app.settings.values["llmio.env"]
    app.settings.values["llmio.env"] = "production"
    try:
        config = web.configurator(app)
        config.commit()
        found = {entry["introspectable"]["pattern"] for entry in config.introspector.get_category("routes")}
    finally:
        app.settings.values["llmio.env"] = before
    assert "/sign_in" in found
    assert not {pattern for pattern in found if "dev/" in pattern}
