"""Summaries of what was not read: when, to whom, what about, and never twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from llmio.core.tables import Event
from llmio.discussions import service as threads
from llmio.notifications.catch_up.models import CatchUp
from llmio.notifications.catch_up.mornings import latest, mornings, start_of, wanted
from llmio.worker import schedule
from tests import factories as make

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = sorted(available_timezones())


def utc(*moment):
    return datetime(*moment, tzinfo=UTC)


# -- the clock ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "moment"),
    [
        ("Europe/Berlin", date(2027, 3, 27), utc(2027, 3, 27, 5)),
        ("Europe/Berlin", date(2027, 3, 28), utc(2027, 3, 28, 4)),  # the night the clocks go forward
        ("Europe/Berlin", date(2027, 10, 30), utc(2027, 10, 30, 4)),
        ("Europe/Berlin", date(2027, 10, 31), utc(2027, 10, 31, 5)),  # the night they go back
        ("America/New_York", date(2027, 3, 14), utc(2027, 3, 14, 10)),
        ("America/New_York", date(2027, 11, 7), utc(2027, 11, 7, 11)),
        ("Asia/Kolkata", date(2027, 3, 28), utc(2027, 3, 28, 0, 30)),
        ("Asia/Kathmandu", date(2027, 3, 28), utc(2027, 3, 28, 0, 15)),
        ("Pacific/Kiritimati", date(2027, 3, 28), utc(2027, 3, 27, 16)),
        ("Australia/Lord_Howe", date(2027, 4, 4), utc(2027, 4, 3, 19, 30)),  # goes back by half an hour
    ],
)
def test_six_in_the_morning(zone, day, moment):
    found = mornings(ZoneInfo(zone), moment - timedelta(minutes=15), moment)
    assert [(one.day, one.moment) for one in found] == [(day, moment)]
    assert mornings(ZoneInfo(zone), moment, moment + timedelta(minutes=15)) == []


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), st.integers(946_684_800, 2_208_988_800), st.integers(1, 50))
def test_however_time_is_cut_each_day_has_one_morning(name, seconds, hours):
    zone, start = ZoneInfo(name), datetime.fromtimestamp(seconds, UTC)
    found, at = [], start
    while at < start + timedelta(days=4):
        following = at + timedelta(hours=hours)
        found += mornings(zone, at, following)
        at = following
    days = [one.day for one in found]
    assert len(set(days)) == len(days), "no day twice"
    whole = (at.astimezone(zone).date() - start.astimezone(zone).date()).days
    assert whole - 1 <= len(days) <= whole + 1


def test_a_day_that_a_zone_skipped_has_no_morning():
    found = mornings(ZoneInfo("Pacific/Apia"), utc(2011, 12, 28), utc(2012, 1, 1))
    assert [one.day for one in found] == [date(2011, 12, 28), date(2011, 12, 29), date(2011, 12, 31), date(2012, 1, 1)]


@pytest.mark.parametrize(
    ("setting", "days"),
    [(7, "Mon Tue Wed Thu Fri Sat Sun"), (8, "Mon Wed Fri"), (0, "Sun"), (1, "Mon"), (6, "Sat")],
)
def test_on_which_days(setting, days):
    week = [date(2027, 3, 1) + timedelta(days=number) for number in range(7)]  # a Monday first
    assert " ".join(f"{day:%a}" for day in week if wanted(setting, day)) == days


def test_after_a_downtime_the_last_morning_counts_and_a_weekly_one_is_not_forgotten():
    found = mornings(BERLIN, utc(2027, 3, 1), utc(2027, 3, 5))  # Monday to Thursday morning, until Friday at one
    assert latest(7, found).day == date(2027, 3, 4)
    assert latest(1, found).day == date(2027, 3, 1)
    assert latest(5, found) is None


def test_a_summary_begins_where_the_last_ended():
    now = utc(2027, 3, 10, 5)
    assert start_of(7, now, None) == now - timedelta(days=1)
    assert start_of(7, now, now - timedelta(days=3)) == now - timedelta(days=3)
    assert start_of(8, now, None) == now - timedelta(days=2)
    assert start_of(8, now, now - timedelta(hours=1)) == now - timedelta(hours=1)
    assert start_of(1, now, now - timedelta(days=90)) == now - timedelta(days=14)


# -- who, and what -----------------------------------------------------------------------------------------------------


@pytest.fixture
def world(db, clock):
    """Ada writes, Ben (in Berlin) wants a summary each day; it is five in the afternoon before."""
    clock.set(utc(2027, 3, 27, 16))
    ada, ben = make.user(db, "Ada"), make.user(db, "Ben", email="ben@example.org", time_zone="Europe/Berlin")
    ben.email_catch_up_day = 7
    group = make.group(db, "Weavers", admin=ada, members=[ben])
    return ada, ben, group


@pytest.fixture
def tick(app, run_jobs, monkeypatch):
    """`tick()`: the schedule looks once for what is ours, and a worker does it."""
    monkeypatch.setattr(app, "schedules", [one for one in app.schedules if one.job.name.startswith("notifications.")])

    def ticked():
        schedule.step(app)
        run_jobs()

    return ticked


@pytest.fixture
def start(ctx, commit, run_jobs):
    def made(who, group, title, **how):
        thread = threads.start_discussion(ctx(who), group, title=title, **how)
        commit()
        run_jobs()
        return thread

    return made


def summaries(mailbox, address="ben@example.org"):
    return [mail for mail in mailbox.to(address) if mail.kind == "catch_up"]


def test_it_comes_at_six_of_the_person_s_clock_once(world, start, tick, clock, mailbox):
    ada, _ben, group = world
    start(ada, group, "A new loom", description="It costs 900.")
    tick()
    for moment in (utc(2027, 3, 28, 3, 45), utc(2027, 3, 28, 3, 59)):
        clock.set(moment)
        tick()
    assert summaries(mailbox) == []
    clock.set(utc(2027, 3, 28, 4, 0, 1))  # six in Berlin, the morning after the clocks went forward
    tick()
    (mail,) = summaries(mailbox)
    assert mail.subject == "[llmio] 1 thread with news"
    assert "A new loom" in mail.text
    assert "It costs 900." in mail.text
    assert "a summary each day" in mail.text
    for minutes in range(15, 24 * 60, 45):
        clock.set(utc(2027, 3, 28, 4) + timedelta(minutes=minutes))
        tick()
    assert len(summaries(mailbox)) == 1


def test_nothing_is_sent_where_nothing_is_unread(world, start, tick, clock, mailbox, ctx, commit):
    ada, ben, group = world
    thread = start(ada, group, "A new loom")
    tick()
    threads.mark_read(ctx(ben), thread, ())
    commit()
    clock.set(utc(2027, 3, 28, 4, 1))
    tick()
    assert summaries(mailbox) == []


def test_a_downtime_is_made_up_for_once(world, start, tick, clock, mailbox):
    ada, _ben, group = world
    tick()
    clock.set(utc(2027, 3, 28, 3, 50))
    tick()
    start(ada, group, "Before the downtime")
    clock.set(utc(2027, 3, 31, 10))
    start(ada, group, "Later")
    tick()
    tick()
    (mail,) = summaries(mailbox)
    assert "Later" in mail.text
    clock.set(utc(2027, 4, 1, 4, 1))
    tick()
    assert len(summaries(mailbox)) == 1, "the old news are read by then or were told of"


def test_what_a_failed_downtime_left_is_told_of_in_the_next(world, start, tick, clock, mailbox):
    ada, _ben, group = world
    tick()
    clock.set(utc(2027, 3, 28, 4, 1))
    tick()  # nothing to tell, but the stretch ends here
    clock.move(minutes=1)
    start(ada, group, "On Sunday")
    clock.set(utc(2027, 3, 31, 10))
    tick()
    (mail,) = summaries(mailbox)
    assert "On Sunday" in mail.text


@pytest.mark.parametrize(
    "changes",
    [
        {"email_catch_up_day": None},
        {"email_catch_up_day": 1},  # it is a Sunday
        {"email_verified": False},
        {"complaints_count": 1},
        {"deactivated_at": utc(2027, 1, 1)},
        {"bot": True},
        {"time_zone": "America/New_York"},  # it is midnight
    ],
)
def test_who_gets_none(world, start, tick, clock, mailbox, changes):
    ada, ben, group = world
    start(ada, group, "A new loom")
    tick()
    for name, value in changes.items():
        setattr(ben, name, value)
    clock.set(utc(2027, 3, 28, 4, 1))
    tick()
    assert summaries(mailbox) == []


def test_a_zone_that_is_none_counts_as_utc(world, start, tick, clock, mailbox):
    ada, ben, group = world
    ben.time_zone = "Nowhere/Land"
    start(ada, group, "A new loom")
    tick()
    clock.set(utc(2027, 3, 28, 6, 1))
    tick()
    assert len(summaries(mailbox)) == 1


def test_it_tells_of_comments_polls_and_outcomes_group_by_group(
    world, db, start, tick, clock, mailbox, ctx, commit, run_jobs
):
    ada, ben, group = world
    other = make.group(db, "Bakers", admin=ada, members=[ben])
    muted = make.group(db, "Noise", admin=ada)
    make.membership(db, muted, ben, volume=0)
    secret = make.group(db, "Secret", admin=ada)
    loom = start(ada, group, "A new loom")
    start(ada, other, "A new oven")
    start(ada, muted, "Chatter")
    start(ada, secret, "Hidden")
    for number in range(5):
        threads.add_comment(ctx(ada), loom, body=f"Thought {number}")
    gone = threads.add_comment(ctx(ada), loom, body="Regretted")
    threads.discard_comment(ctx(ada), gone)
    make.poll(db, discussion=loom, author=ada, title="Buy it?", voters=[ben], closing_at=utc(2027, 4, 2, 10))
    closed = make.poll(db, discussion=loom, author=ada, title="Sell the old one?", closed_at=utc(2027, 3, 27, 17))
    make.outcome(db, closed, author=ada, statement="We sell it.")
    loom.last_activity_at = clock.now()
    db.execute(update(Event).where(Event.discussion_id == loom.id).values(created_at=clock.now()))
    commit()
    run_jobs()
    tick()
    clock.set(utc(2027, 3, 28, 4, 1))
    tick()
    (mail,) = summaries(mailbox)
    text = mail.text
    assert mail.subject == "[llmio] 2 threads with news"
    assert (
        text.index("== Bakers ==") < text.index("A new oven") < text.index("== Weavers ==") < text.index("A new loom")
    )
    assert "Thought 4" in text
    assert "Thought 0" not in text
    assert "Buy it?\nYour vote is asked for, until 2 April 2027, 12:00 (Europe/Berlin)" in text
    assert "Sell the old one?\nOutcome: We sell it." in text
    for hidden in ("Regretted", "Chatter", "Hidden"):
        assert hidden not in text
        assert hidden not in mail.html


def test_what_is_not_in_a_group_comes_first(world, db, start, tick, clock, mailbox):
    ada, ben, group = world
    start(ada, group, "A new loom")
    moment = {"created_at": clock.now(), "last_activity_at": clock.now()}
    direct = make.discussion(db, group, author=ada, title="Between us", group_id=None, **moment)
    make.reader(db, direct, ben, guest=True)
    tick()
    clock.set(utc(2027, 3, 28, 4, 1))
    tick()
    (mail,) = summaries(mailbox)
    assert mail.text.index("== Without a group ==") < mail.text.index("Between us") < mail.text.index("== Weavers ==")


def test_queries_do_not_grow_with_what_there_is(world, db, ctx, clock, queries):
    from llmio.notifications.catch_up import digest

    ada, ben, group = world

    def fill(count):
        for _ in range(count):
            thread = make.discussion(db, group, author=ada, created_at=clock.now(), last_activity_at=clock.now())
            for _more in range(2):
                make.comment(db, thread, author=ada)
            make.poll(db, discussion=thread, author=ada, voters=[ben], closing_at=clock.now() + timedelta(days=3))
            thread.last_activity_at = clock.now()
        db.flush()

    def count():
        db.expire_all()
        with queries() as sent:
            found = digest.collect(ctx(ben), clock.now() - timedelta(days=300), clock.now() + timedelta(days=300))
        return found.threads, sent.count

    clock.reset()
    fill(2)
    few = count()
    fill(10)
    many = count()
    assert (few[0], many[0]) == (2, 12)
    assert many[1] == few[1]


# -- the links ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def sent(world, start, tick, clock, mailbox):
    ada, _ben, group = world
    thread = start(ada, group, "A new loom")
    tick()
    clock.set(utc(2027, 3, 28, 4, 1))
    tick()
    return thread, summaries(mailbox)[0]


def path_in(text, beginning):
    return next(word for word in text.split() if f"//localhost{beginning}" in word).split("//localhost", 1)[1]


def test_the_link_marks_what_was_told_and_nothing_later(world, sent, web, ctx, clock, commit, run_jobs, db):
    from llmio.discussions import queries as lists

    ada, ben, _group = world
    thread, mail = sent
    url = path_in(mail.text, "/catch_up/")
    assert "&lt;time" not in web.get(url, status=200)
    assert len(lists.inbox(ctx(ben))) == 1, "opening changes nothing"
    clock.set(utc(2027, 3, 28, 9))
    threads.add_comment(ctx(ada), thread, body="Came later")
    commit()
    run_jobs()
    answer = web.post(url)
    assert "marked as read" in answer.follow().text
    db.expire_all()
    (row,) = lists.inbox(ctx(ben))
    assert (row.is_new, row.unread_count) == (False, 1)


@pytest.mark.parametrize(
    "url", ["/catch_up/nobody/2027-03-28", "/catch_up/TOKEN/2027-03-27", "/catch_up/TOKEN/2027-99-99"]
)
def test_links_that_are_none(world, sent, web, url):
    _ada, ben, _group = world
    url = url.replace("TOKEN", ben.unsubscribe_token)
    assert web.get(url, expect_errors=True).status_int == 404
    assert web.post(url, expect_errors=True).status_int == 404


def test_one_click_stops_summaries_and_nothing_else(world, sent, web, db):
    _ada, ben, _group = world
    _thread, mail = sent
    url = mail.headers["List-Unsubscribe"].strip("<>").split("//localhost", 1)[1]
    assert "No more summaries" in web.get(url).text
    assert ben.email_catch_up_day == 7
    web.post(url, {"List-Unsubscribe": "One-Click"})
    assert ben.email_catch_up_day is None
    assert ben.default_membership_volume == 2
    assert "no summaries" in web.get(url).text


def test_the_day_is_chosen_on_the_preferences_page(web, db):
    ben = make.user(db)
    web.sign_in(ben)
    page = web.get("/email_preferences")
    assert page.html.select_one("#field-email_catch_up_day option[selected]")["value"] == "never"
    for chosen, kept in (("8", 8), ("0", 0), ("never", None)):
        web.send("/email_preferences", {"email_catch_up_day": chosen})
        assert (ben.email_catch_up_day, ben.email_catch_up) == (kept, kept is not None)
    ben.email_catch_up_day = 3
    web.send("/email_preferences", {"volume": "2"})
    assert ben.email_catch_up_day == 3
    assert web.send("/email_preferences", {"email_catch_up_day": "9"}, expect_errors=True).status_int == 422


def test_many_people_are_planned_in_batches(world, tick, db, clock, monkeypatch):
    from llmio.notifications.catch_up import service

    monkeypatch.setattr(service, "BATCH", 2)
    for _ in range(5):
        make.user(db, time_zone="Europe/Berlin", email_catch_up_day=7)
    tick()
    clock.set(utc(2027, 3, 28, 4, 1))
    tick()
    assert db.query(CatchUp).count() == 6
