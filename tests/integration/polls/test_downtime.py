"""What the schedule of polls missed while nothing ran is made up for, once and to the right people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from llmio.core.tables import Event
from llmio.polls import service
from llmio.polls.values import ClosingSoon
from llmio.worker import schedule

START = datetime(2026, 3, 4, 10, 5, tzinfo=UTC)


@pytest.fixture
def people(make):
    return [make.user(name="Ada"), make.user(name="Ben")]


@pytest.fixture
def group(make, people):
    return make.group(admin=people[0], members=people[1:])


@pytest.fixture
def told(db):
    """`told("poll_expired")`: how often."""

    def count(kind):
        db.expire_all()
        return db.scalar(select(func.count()).select_from(Event).where(Event.kind == kind))

    return count


@pytest.fixture
def tick(app, run_jobs, monkeypatch):
    """`tick()`: the schedule of polls looks once, and a worker does what it asked for."""
    monkeypatch.setattr(app, "schedules", [one for one in app.schedules if one.job.name.startswith("polls.")])

    def ticked():
        schedule.step(app)
        run_jobs()

    return ticked


def test_a_poll_that_was_to_be_told_of_in_the_downtime_is_told_of_once(start, people, group, clock, told, tick):
    clock.set(START)
    start(people[0], group=group, notify_on_closing_soon=ClosingSoon.VOTERS, closing_at=START + timedelta(hours=40))
    tick()
    clock.move(hours=30)
    tick()
    tick()
    assert told("poll_closing_soon") == 1


def test_a_poll_made_after_the_downtime_for_less_than_a_day_is_not_told_of(start, people, group, clock, told, tick):
    clock.set(START)
    tick()
    clock.move(hours=30)
    start(
        people[0], group=group, notify_on_closing_soon=ClosingSoon.VOTERS, closing_at=clock.now() + timedelta(hours=9)
    )
    tick()
    assert told("poll_closing_soon") == 0


def test_a_poll_that_ended_in_the_downtime_is_closed_and_not_said_to_close_soon(
    start, people, group, clock, told, tick, db
):
    clock.set(START)
    poll = start(
        people[0], group=group, notify_on_closing_soon=ClosingSoon.VOTERS, closing_at=START + timedelta(hours=40)
    )
    tick()
    clock.move(hours=41)
    tick()
    tick()
    db.expire_all()
    assert poll.closed_at == clock.now()
    assert (told("poll_closing_soon"), told("poll_expired")) == (0, 1)


@pytest.mark.parametrize("days", [1, 4])
def test_a_review_that_fell_into_the_downtime_is_told_of_once(ctx, start, people, group, clock, told, tick, days):
    clock.set(START)
    poll = start(people[0], group=group)
    service.close_poll(ctx(people[0]), poll)
    service.publish_outcome(ctx(people[0]), poll, statement="Try it.", review_on=(START + timedelta(days=1)).date())
    tick()
    assert told("outcome_review_due") == 0
    clock.move(days=days)
    tick()
    tick()
    assert told("outcome_review_due") == 1


def test_reviews_of_years_ago_are_not_told_of_when_the_schedule_first_runs(
    ctx, start, people, group, clock, told, tick, db
):
    clock.set(START)
    poll = start(people[0], group=group)
    service.close_poll(ctx(people[0]), poll)
    outcome = service.publish_outcome(ctx(people[0]), poll, statement="Try it.", review_on=START.date())
    outcome.review_on = START.date() - timedelta(days=400)
    db.flush()
    tick()
    assert told("outcome_review_due") == 0
