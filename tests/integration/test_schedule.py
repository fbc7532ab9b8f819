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


def step(app):
    """What the schedule asks for now; workers take it at once."""
    asked = schedule.step(app)
    with app.begin() as ctx:
        ctx.db.execute(text("DELETE FROM llmio.outbox"))
    return asked


def test_a_job_is_asked_for_at_its_moment_and_not_between(hourly, clock):
    assert step(hourly) == ["test.tick"]
    assert step(hourly) == []
    clock.move(minutes=59)
    assert step(hourly) == []
    clock.move(minutes=1)
    assert step(hourly) == ["test.tick"]


def test_moments_missed_are_made_up_for_once(hourly, clock):
    step(hourly)
    clock.move(hours=7, minutes=5)
    assert step(hourly) == ["test.tick"]
    assert step(hourly) == []
    clock.move(minutes=55)
    assert step(hourly) == ["test.tick"]


def test_what_no_worker_took_yet_is_not_asked_for_again(monthly, clock, db):
    asked = text("SELECT job, args FROM llmio.outbox ORDER BY id")
    schedule.step(monthly)
    first = db.execute(asked).all()
    for _hour in range(5):
        clock.move(hours=1)
        assert schedule.step(monthly) == []
    assert db.execute(asked).all() == first
    db.execute(text("UPDATE llmio.outbox SET attempts = 1, available_at = available_at + interval '6 hours'"))
    assert "test.wait" in schedule.step(monthly)  # what failed is tried again by itself, and keeps nothing up
    made_up = db.execute(asked).all()[-1].args
    assert made_up == ["2026-01-31T23:00:00+00:00", "2026-02-01T04:00:00+00:00"]


def test_a_clock_that_was_ahead_stops_nothing_when_it_is_set_right(hourly, clock, db, ctx):
    clock.set(NOON + timedelta(days=900))
    schedule.step(hourly)
    ctx().enqueue(deeds.note, "late", delay=timedelta(days=7))
    db.flush()
    db.execute(text("UPDATE llmio.outbox SET attempts = 3, available_at = available_at + interval '1 hour', "
                    "kicked_at = available_at WHERE job = 'test.tick'"))  # fmt: skip
    clock.set(NOON + timedelta(minutes=5))
    assert schedule.step(hourly) == ["test.tick"]
    assert schedule.step(hourly) == []
    rows = db.execute(text("SELECT job, attempts, available_at, kicked_at FROM llmio.outbox ORDER BY id")).all()
    now = clock.now()
    assert rows == [
        ("test.tick", 3, now, None),
        ("test.note", 0, now + timedelta(days=7), None),
        ("test.tick", 0, now, None),
    ]


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
    assert Schedule(deeds.tick, every).last(now) == expected


@pytest.mark.parametrize(("every", "now", "expected"), [
    (3600, NOON, NOON + timedelta(hours=1)),
    (86400, NOON, datetime(2026, 3, 5, tzinfo=UTC)),
    ("month", NOON, datetime(2026, 4, 1, tzinfo=UTC)),
    ("month", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    ("month", datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
])  # fmt: skip
def test_the_next_moment_is_known(every, now, expected):
    assert Schedule(deeds.tick, every).next(now) == expected


@pytest.fixture
def monthly(app):
    """An App with a job of every month, one of every day, and an hourly one that is told of its moments."""
    before = app.schedules
    app.schedules = [
        Schedule(deeds.tick, "month"),
        Schedule(deeds.note, 86400, args=("daily",)),
        Schedule(deeds.wait, 3600, moments=True),
    ]
    app.ports.clock.set(datetime(2026, 1, 31, 23, 30, tzinfo=UTC))
    yield app
    app.schedules = before


def test_daily_and_monthly_jobs_come_at_midnight_of_utc(monthly, clock):
    step(monthly)
    clock.move(minutes=29, seconds=59)
    assert step(monthly) == []
    clock.move(seconds=1)
    assert step(monthly) == ["test.tick", "test.note", "test.wait"]
    clock.move(hours=23, minutes=59)
    assert step(monthly) == ["test.wait"]
    clock.set(datetime(2026, 2, 28, 23, 59, tzinfo=UTC))
    assert step(monthly) == ["test.note", "test.wait"]


def test_a_month_missed_is_made_up_for_once(monthly, clock):
    step(monthly)
    clock.set(datetime(2026, 4, 17, 9, 12, tzinfo=UTC))
    assert step(monthly) == ["test.tick", "test.note", "test.wait"]
    assert step(monthly) == []


def test_a_job_is_told_which_stretch_it_serves_without_gap_or_overlap(monthly, clock, db):
    rows = []
    for pause in ({}, {"minutes": 31}, {"hours": 9, "minutes": 47}):
        clock.move(**pause)
        schedule.step(monthly)
        taken = db.execute(text("DELETE FROM llmio.outbox RETURNING job, args")).all()
        rows += [args for job, args in taken if job == "test.wait"]
    assert rows == [
        ["2026-01-31T22:00:00+00:00", "2026-01-31T23:00:00+00:00"],
        ["2026-01-31T23:00:00+00:00", "2026-02-01T00:00:00+00:00"],
        ["2026-02-01T00:00:00+00:00", "2026-02-01T09:00:00+00:00"],
    ]


def test_a_poll_is_closed_within_a_minute_of_its_time(app, make, clock, db, run_jobs, monkeypatch):
    monkeypatch.setattr(app, "schedules", [one for one in app.schedules if one.job.name.startswith("polls.")])
    ends = datetime(2026, 3, 4, 12, 0, 1, tzinfo=UTC)
    clock.set(ends - timedelta(minutes=10))
    poll = make.poll(closing_at=ends, voters=[make.user()])
    later = make.poll(closing_at=ends + timedelta(minutes=5))
    while clock.now() <= ends + timedelta(seconds=59):
        schedule.step(app)
        run_jobs()
        clock.move(seconds=1)
    db.expire_all()
    assert ends <= poll.closed_at <= ends + timedelta(seconds=60)
    assert later.closed_at is None


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
