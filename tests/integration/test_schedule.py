"""The schedule asks for each job once at each of its moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from llmio.core import heartbeats
from llmio.core.jobs import Schedule
from llmio.worker import schedule
from tests import deeds
from tests.processes import kill, site, until

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def hourly(app):
    """An App whose only scheduled job comes every hour; it is noon."""
    before = app.schedules
    app.schedules = [Schedule(deeds.tick, 3600)]
    app.ports.clock.set(NOON)
    yield app
    app.schedules = before


def test_a_job_is_asked_for_at_its_moment_and_not_between(hourly, clock):
    assert schedule.step(hourly) == ["test.tick"]
    assert schedule.step(hourly) == []
    clock.move(minutes=59)
    assert schedule.step(hourly) == []
    clock.move(minutes=1)
    assert schedule.step(hourly) == ["test.tick"]


def test_moments_missed_are_made_up_for_once(hourly, clock):
    schedule.step(hourly)
    clock.move(hours=7, minutes=5)
    assert schedule.step(hourly) == ["test.tick"]
    assert schedule.step(hourly) == []
    clock.move(minutes=55)
    assert schedule.step(hourly) == ["test.tick"]


def test_the_schedule_writes_a_row_and_runs_nothing(hourly, db):
    schedule.step(hourly)
    assert db.scalar(text("SELECT count(*) FROM llmio.outbox WHERE job = 'test.tick'")) == 1


def test_the_schedule_shows_that_it_lives(hourly, db):
    schedule.step(hourly)
    assert heartbeats.last(db, heartbeats.SCHEDULE) == NOON


@pytest.mark.parametrize(("every", "now", "expected"), [
    (3600, NOON + timedelta(minutes=59), NOON),
    (86400, NOON, NOON.replace(hour=0)),
    (30, NOON + timedelta(seconds=29), NOON),
    (30, NOON + timedelta(seconds=30), NOON + timedelta(seconds=30)),
])  # fmt: skip
def test_moments_are_counted_from_midnight(every, now, expected):
    assert schedule.slot(now, every) == expected


def test_of_many_schedules_at_once_one_acts(committed_db, app):
    app.schedules, before = [Schedule(deeds.tick, 3600)], app.schedules
    together, asked = Barrier(4), []

    def step():
        together.wait()
        asked.extend(schedule.step(app))

    threads = [Thread(target=step) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        app.schedules = before
    assert asked == ["test.tick"]


def test_two_schedules_and_a_worker_as_processes(committed_db, tmp_path):
    with site(committed_db, tmp_path) as place:
        first = place.start("beat", TEST_SCHEDULE="1000000")
        place.start("beat", TEST_SCHEDULE="1000000")
        place.start("worker", TEST_SCHEDULE="1000000")
        until(lambda: place.notes() == ["tick"])
        kill(first)
        place.tell("UPDATE llmio.schedule_runs SET last_run_at = '2020-01-01' WHERE name = 'test.tick'")
        until(lambda: place.notes() == ["tick", "tick"])
