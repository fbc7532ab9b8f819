"""Connections that died are replaced; only the transaction manager commits."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from llmio.core import db as database


@pytest.fixture
def checked(pg_url):
    """An engine with one connection, which lies idle again."""
    engine = database.engine_for(pg_url, pool_size=1, max_overflow=0)
    with engine.connect() as connection:
        engine.pid = connection.scalar(text("SELECT pg_backend_pid()"))
    yield engine
    engine.dispose()


def kill_backend(engine, pid):
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": pid})


def test_a_connection_that_died_while_it_lay_idle_costs_nobody_an_error(checked, engine, monkeypatch):
    monkeypatch.setattr(database, "TRUSTED_SECONDS", 0.0)
    kill_backend(engine, checked.pid)
    with checked.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_a_connection_used_a_moment_ago_is_trusted(checked, engine, monkeypatch):
    monkeypatch.setattr(database, "TRUSTED_SECONDS", 3600.0)
    kill_backend(engine, checked.pid)
    with checked.connect() as connection, pytest.raises(OperationalError):
        connection.scalar(text("SELECT 1"))


def test_a_service_that_commits_is_refused(app):
    def service():
        with app.begin() as ctx:
            ctx.db.execute(text("SELECT 1"))
            ctx.db.commit()

    with pytest.raises(RuntimeError, match="only the transaction manager commits"):
        service()


def test_statements_without_objects_are_committed(committed_db):
    with committed_db.app.begin() as ctx:
        ctx.db.execute(text("INSERT INTO llmio.heartbeats (name, at) VALUES ('test', now())"))
    with committed_db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM llmio.heartbeats WHERE name = 'test'")) == 1


def test_what_was_done_before_an_error_is_undone(committed_db):
    def act():
        with committed_db.app.begin() as ctx:
            ctx.db.execute(text("INSERT INTO llmio.heartbeats (name, at) VALUES ('test', now())"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    with committed_db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM llmio.heartbeats WHERE name = 'test'")) == 0
