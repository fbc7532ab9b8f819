"""`/up` and `/health`."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from llmio.core import heartbeats, outbox
from llmio.files import storages
from llmio.web import health
from llmio.worker.queue import client
from tests import deeds
from tests.processes import PATIENCE


@pytest.fixture
def all_well(db, clock):
    for name in (heartbeats.WORKER, heartbeats.SCHEDULE):
        heartbeats.beat(db, name, clock.now())


@pytest.fixture(autouse=True)
def waits_long(monkeypatch):
    """Where something does answer, however busy this machine is."""
    monkeypatch.setattr(health, "PATIENCE", PATIENCE)


def ask(web, status):
    answer = web.get("/health", status=status).json
    assert (status == 200) == (answer["status"] == "ok")
    return answer["failed"]


def test_up_says_ok(web):
    answer = web.get("/up")
    assert answer.text == "ok"


def test_health_is_well_when_all_is(web, all_well):
    assert ask(web, 200) == []


def test_health_names_processes_that_were_never_seen(web):
    assert ask(web, 503) == ["worker", "schedule"]


def test_health_names_a_worker_that_gives_no_sign(web, db, all_well, clock):
    clock.move(seconds=heartbeats.STALE + 5)
    heartbeats.beat(db, heartbeats.SCHEDULE, clock.now())
    assert ask(web, 503) == ["worker"]


def test_health_names_redis_that_does_not_answer(web, app, all_well):
    real, app.redis = app.redis, client("redis://127.0.0.1:1/0")
    try:
        assert ask(web, 503) == ["redis"]
    finally:
        app.redis = real


def test_health_names_jobs_that_wait_too_long(web, db, all_well, clock, ctx):
    outbox.add(ctx(), deeds.tick, ())
    db.flush()
    assert ask(web, 200) == []
    clock.move(minutes=6)
    for name in (heartbeats.WORKER, heartbeats.SCHEDULE):
        heartbeats.beat(db, name, clock.now())
    assert ask(web, 503) == ["jobs"]


def test_health_does_not_wait_for_jobs_of_later(web, db, all_well, ctx):
    outbox.add(ctx(), deeds.tick, (), delay=timedelta(hours=1))
    db.flush()
    assert ask(web, 200) == []


def test_health_names_a_database_that_is_behind(web, db, all_well):
    db.execute(text("UPDATE llmio.alembic_version SET version_num = 'core_0002'"))
    assert ask(web, 503) == ["migrations"]


def test_health_names_a_database_that_does_not_answer_and_up_does_not_care(web, app, all_well):
    from llmio.core.db import engine_for, session_factory

    away = engine_for("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1")
    real, app.sessions = app.sessions, session_factory(away)
    try:
        assert ask(web, 503) == ["database"]
        assert web.get("/up").text == "ok"
    finally:
        app.sessions = real
        away.dispose()


def test_health_waits_no_longer_than_a_moment_for_a_database_that_is_silent(web, app, all_well, hasty_with):
    from llmio.core.db import engine_for, session_factory

    with socket.create_server(("127.0.0.1", 0)) as silent:
        hangs = engine_for(f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/nothing")
        real, app.sessions = app.sessions, session_factory(hangs)
        hasty_with("database")
        try:
            assert ask(web, 503) == ["database"]
            assert ask(web, 503) == ["database"]
            assert [thread.name for thread in threading.enumerate()].count("health: database") == 1
        finally:
            app.sessions = real
    health._asking["database"].join(PATIENCE)
    hangs.dispose()


def test_health_names_a_database_that_nobody_has_prepared(web, db, all_well):
    db.execute(text("ALTER TABLE llmio.alembic_version RENAME TO elsewhere"))
    db.flush()
    assert ask(web, 503) == ["migrations"]


def test_health_names_a_database_that_takes_no_writes(web, db, all_well):
    db.flush()
    db.execute(text("SET LOCAL transaction_read_only = on"))
    assert ask(web, 503) == ["database"]


def test_health_names_a_storage_that_cannot_be_used(web, app, all_well, monkeypatch, tmp_path):
    folder = tmp_path / "a file"
    folder.write_text("no folder")
    health._storage_known.clear()
    assert ask(web, 200) == []
    health._storage_known.clear()
    monkeypatch.setitem(app.settings.values, "llmio.data", str(folder))
    try:
        assert ask(web, 503) == ["storage"]
    finally:
        health._storage_known.clear()


def test_health_waits_no_longer_than_a_moment_for_a_storage_that_is_silent(web, app, all_well, monkeypatch, hasty_with):
    silent = threading.Event()
    hasty_with("storage")
    monkeypatch.setattr(storages.for_new_files(app).backend, "probe", lambda _settings: silent.wait(PATIENCE))
    health._storage_known.clear()
    try:
        assert ask(web, 503) == ["storage"]
    finally:
        silent.set()
        health._storage_known.clear()
