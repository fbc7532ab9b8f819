"""What people are told while the database is away, such as when it starts again: no page that asks it can be made."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from webtest import TestApp

from llmio.web import assemble

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


@pytest.fixture
def site(app, web, make, monkeypatch):
    """The browser of somebody who is signed in; the database has just gone away."""
    web.sign_in(make.user())
    browser = TestApp(assemble(app), extra_environ={"HTTP_HOST": "localhost"})
    browser.token = web.csrf_token
    for name, value in web.cookies.items():
        browser.set_cookie(name, value.strip('"'))  # WebTest puts it in quotes again
    monkeypatch.setattr(app, "sessions", sessionmaker(create_engine(NOWHERE)))
    return browser


@pytest.mark.parametrize("path", ["/", "/dashboard", "/g/abcdefgh", "/files/1/a.txt", "/sign_in", "/nothing-here"])
def test_a_page_says_so_in_plain_words_and_that_it_passes(site, path, caplog):
    answer = site.get(path, status=503)
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.html.h1.text == "Not available now"
    assert "127.0.0.1" not in answer.text
    (line,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert "the database does not answer" in line.getMessage()
    assert line.exc_info is None


def test_a_program_is_told_likewise(site):
    answer = site.get("/dashboard", headers={"Accept": "application/json"}, status=503)
    assert answer.json == {"error": answer.json["error"], "errors": {}}
    assert "try again" in answer.json["error"]


def test_what_is_sent_meanwhile_is_refused_and_not_half_done(site):
    assert "Retry-After" in site.post("/sign_out", {"csrf_token": site.token}, status=503).headers


def test_the_site_lives_all_the_while(site):
    site.reset()  # monitors bring no cookie
    assert site.get("/up").text == "ok"
    assert "database" in site.get("/health", status=503).json["failed"]
