"""A database that says nothing (frozen, or behind a firewall that drops packets) keeps no page waiting for ever."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from llmio.core import db as database
from llmio.core import patience
from llmio.web import health
from tests import factories as make
from tests.processes import PATIENCE
from tests.silence import way_to

SECONDS = 2
"""The shortest that a connection can be waited for."""


@pytest.fixture
def way(committed_db, app, with_settings, monkeypatch):
    """The way between the site and its database."""
    monkeypatch.setattr(patience, "PING_SECONDS", 0.3)
    monkeypatch.setattr(patience, "CANCEL_SECONDS", 1)
    monkeypatch.setattr(database, "TRUSTED_SECONDS", 0.0)
    with_settings(database__seconds=SECONDS)
    with way_to(committed_db.url) as (made, url):
        engine = database.engine_for(url)
        monkeypatch.setattr(app, "engine", engine)
        monkeypatch.setattr(app, "sessions", database.session_factory(engine))
        yield made
        made.end()
        for asking in health._asking.values():  # while one waits, nobody is asked again: not in the next test either
            asking.join(PATIENCE)
        engine.dispose()


@pytest.fixture
def thread(app):
    with app.sessions() as db, db.begin():
        ada = make.user(db)
        made = make.discussion(db, group=make.group(db, admin=ada), author=ada)
        db.flush()
        made.author  # noqa: B018  # loaded
    return made


@pytest.fixture
def page(way, thread, app, wsgi):
    """The browser of the author, who has looked at something."""
    from llmio.testing.browser import Browser

    browser = Browser(wsgi, app)
    browser.sign_in(thread.author)
    browser.get("/dashboard", status=200)
    return browser


def comments(committed_db):
    with committed_db.engine.connect() as connection:
        return list(connection.scalars(text("SELECT body FROM comments ORDER BY id")))


def test_a_page_is_told_so_and_the_next_ones_at_once_until_it_speaks_again(page, thread, way, caplog, monkeypatch):
    way.fall_silent()
    answer = page.get("/dashboard", status=503)
    assert answer.headers["Retry-After"] == "5"
    assert answer.html.h1.text == "Not available now"
    told_at_once, opened = threading.Semaphore(0), patience.Door._opened

    def knock(*args):
        for _other in range(2):  # they may begin late, but not after this one has ended
            told_at_once.acquire(timeout=PATIENCE)
        return opened(*args)

    def look(_turn):
        page.get("/dashboard", status=503)
        told_at_once.release()

    monkeypatch.setattr(patience.Door, "_opened", knock)
    with ThreadPoolExecutor(3) as people:
        list(people.map(look, range(3)))
    monkeypatch.setattr(patience.Door, "_opened", opened)
    told = [one.getMessage().rpartition(": ")[2] for one in caplog.records]
    assert sorted(told[1:]) == ["connection timeout expired", *["the database did not answer before"] * 2]
    assert not [one for one in caplog.records if one.exc_info]
    way.speak()
    page.get("/dashboard", status=200)


def test_who_watches_the_site_in_a_browser_is_told_as_soon_as_a_program_is(page, way, hasty_with):
    """Who asks is nobody's concern there: to look it up would take longer than all checks."""
    hasty_with("database")
    way.fall_silent()
    assert page.get("/up", status=200).text == "ok"
    assert page.get("/health", status=503).json["checks"]["database"] == "does not answer"
    told = page.get("/metrics", status=200).text
    assert 'llmio_check_ok{check="database"} 0.0' in told
    assert "llmio_queue_jobs" not in told
    way.speak()
    health._asking["database"].join(PATIENCE)  # it is nobody's else


def test_who_sends_something_is_not_told_that_it_was_saved_where_no_answer_came(page, thread, way, committed_db):
    way.fall_silent_after(b"COMMIT")
    answer = page.send(f"/d/{thread.key}/comments", {"body": "Here", "body_format": "md"}, status=503)
    assert "Please look before you send it again" in answer.html.find("main").text
    assert way.silent
    assert comments(committed_db) == ["Here"]
    way.speak()
    page.get("/dashboard", status=200)


def test_what_is_sent_while_it_is_silent_is_not_done(page, thread, way, committed_db):
    way.fall_silent()
    answer = page.send(f"/d/{thread.key}/comments", {"body": "Here", "body_format": "md"}, status=503)
    assert "Please try again" in answer.html.find("main").text
    way.speak()
    page.get("/dashboard", status=200)
    assert comments(committed_db) == []


def test_a_statement_that_takes_too_long_is_stopped_and_its_connection_kept(way, app, monkeypatch):
    monkeypatch.setattr(patience, "CANCEL_SECONDS", int(PATIENCE))
    with app.sessions() as db:
        pid = db.scalar(text("SELECT pg_backend_pid()"))
        with (
            pytest.raises(OperationalError, match="canceling statement due to user request"),
            patience.patient(0.3),
        ):
            db.execute(text("SELECT pg_sleep(600)"))
        db.rollback()
        assert db.scalar(text("SELECT pg_backend_pid()")) == pid


def test_jobs_and_commands_wait_as_long_as_it_takes(way, app, page):
    """They are not within a request; where one begins in a request it is told so (loading plugins anew)."""
    with app.sessions() as db, patience.patient(0.1), patience.unbounded():
        assert db.scalar(text("SELECT 1 FROM pg_sleep(0.5)")) == 1
    with app.sessions() as db:
        assert db.scalar(text("SELECT 1 FROM pg_sleep(0.5)")) == 1


def test_who_finds_all_connections_taken_is_told_to_try_again(page, app, wsgi, committed_db, monkeypatch):
    engine = database.engine_for(committed_db.url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    monkeypatch.setattr(app, "sessions", database.session_factory(engine))
    with engine.connect():
        page.get("/dashboard", status=503)
    engine.dispose()
