"""Polls that open at a time: planned with the form, opened by the schedule as by hand, or said why not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from llmio.core.tables import Event
from llmio.discussions.models import Discussion
from llmio.groups.models import Group, Membership
from llmio.integrations.models import Chatbot
from llmio.polls import cards, service
from llmio.polls.models import Poll, PollOpening
from llmio.search import building
from llmio.upkeep.export import jsonl
from llmio.upkeep.export.selection import Selection
from llmio.upkeep.service import destroy, merge
from llmio.worker import schedule
from tests.functional.polls.test_pages import form_of, poll_of

NOW = datetime(2026, 3, 4, 10, 5, tzinfo=UTC)
OPENS = datetime(2026, 3, 9, 8, 0, 1, tzinfo=UTC).replace(second=0)
TIMES = {
    "opens": "later",
    "opening_at": "2026-03-09T09:00",
    "closing_at": "2026-03-12T17:00",
    "time_zone": "Europe/Berlin",
}


@pytest.fixture(autouse=True)
def _morning(clock):
    clock.set(NOW)


@pytest.fixture
def tick(app, db, run_jobs, monkeypatch):
    """`tick()`: the schedule of polls looks once, and a worker does what it asked for."""
    monkeypatch.setattr(app, "schedules", [one for one in app.schedules if one.job.name.startswith("polls.")])

    def ticked():
        schedule.step(app)
        run_jobs()
        db.expire_all()

    return ticked


@pytest.fixture
def write(sign_in, ada, group):
    """`write(TIMES, …)`: the form as Ada fills it in and sends it; gives the answer."""

    def written(times=None, place=None, status=303, **fields):
        where = place or f"group_id={group.id}"
        form = form_of(sign_in(ada).get(f"/p/new?{where}&poll_type=proposal"))
        for name, value in {"title": "Shall we buy the loom?", **(TIMES if times is None else times), **fields}.items():
            form[name] = value
        return form.submit(status=status)

    return written


def events(db, poll):
    query = select(Event.kind, Event.user_id, Event.custom_fields, Event.discussion_id, Event.pinned)
    return db.execute(
        query.where(Event.eventable_type == "Poll", Event.eventable_id == poll.id).order_by(Event.id)
    ).all()


def subjects(mailbox):
    return sorted((mail.to[1], mail.subject) for mail in mailbox.mails)


def test_a_poll_opens_within_a_minute_of_its_time_and_nobody_hears_before(write, tick, clock, db, mailbox, ada, ben):
    page = write().follow()
    assert "Opens on" in page
    assert "Opens later" in page
    assert "&lt;time" not in page
    assert "Results so far" not in page
    assert "May vote" in page
    assert "9 Mar 2026, 08:00" in page.html.find("main").text  # the clock of Ada's account is UTC
    poll = poll_of(db)
    assert poll.closing_at is None
    for moment in (NOW + timedelta(days=2), OPENS - timedelta(seconds=31)):
        clock.set(moment)
        tick()
    assert (poll.closing_at, events(db, poll), mailbox.mails) == (None, [], [])
    while poll.closing_at is None and clock.now() < OPENS + timedelta(minutes=2):
        clock.move(seconds=10)
        tick()
    assert OPENS <= clock.now() <= OPENS + timedelta(seconds=60)
    assert poll.closing_at == datetime(2026, 3, 12, 16, 0, tzinfo=UTC)
    assert db.scalar(select(func.count()).select_from(PollOpening)) == 0
    clock.move(minutes=5)
    tick()
    assert [(kind, user_id) for kind, user_id, *_ in events(db, poll)] == [("poll_created", ada.id)]
    assert mailbox.addresses() == [ben.email]


def test_it_is_told_of_as_one_that_is_opened_by_hand(write, tick, clock, db, mailbox, http, make, group, ada, run_jobs):
    thread = make.discussion(group, author=ada)
    db.add(Chatbot(kind="webhook", name="#general", server="https://chat.example.org/abc", webhook_kind="slack",
                   event_kinds=["poll_created", "poll_edited"], group_id=group.id, author_id=ada.id))  # fmt: skip
    place = f"discussion_id={thread.id}"
    write({"closing_at": "2026-03-12T17:00"}, place)
    run_jobs()
    by_hand = poll_of(db)
    mails, posts = subjects(mailbox), len(http.posts)
    mailbox.reset()
    http.reset()
    write(place=place)
    run_jobs()
    planned = poll_of(db)
    assert (events(db, planned), http.posts) == ([], [])
    clock.set(OPENS)
    tick()
    assert events(db, planned) == events(db, by_hand)
    assert (planned.author_id, planned.voters_count) == (by_hand.author_id, by_hand.voters_count)
    assert subjects(mailbox) == mails != []
    assert len(http.posts) == posts == 1


def test_who_was_chosen_is_told_when_it_opens_guests_with_their_link(
    write, tick, clock, db, mailbox, sign_in, ada, ben, run_jobs
):
    assert "/voters" in write(who="chosen").location
    poll = poll_of(db)
    web = sign_in(ada)
    page = web.send(
        f"/p/{poll.key}/voters", {"user_ids": ben.id, "emails": "guest@example.org", "notify": "1"}, status=303
    ).follow()
    assert "when the poll opens" in page
    run_jobs()
    assert mailbox.mails == []
    clock.set(OPENS)
    tick()
    found = {mail.to[1]: mail for mail in mailbox.mails}
    assert set(found) == {ben.email, "guest@example.org"}
    assert "stance_token=" in found["guest@example.org"].text


def test_of_many_that_are_due_each_opens_by_itself(write, tick, clock, db, make, group, ada):
    thread = make.discussion(group, author=ada)
    write(title="One")
    write(title="Two", place=f"discussion_id={thread.id}")
    write(title="Three")
    close_thread(db, group, thread, ada)
    clock.set(OPENS)
    tick()
    assert {poll.title for poll in db.scalars(select(Poll)) if poll.closing_at} == {"One", "Three"}


@pytest.mark.parametrize(("missed", "opens"), [(timedelta(hours=20), True), (timedelta(days=9), False)])
def test_what_was_missed_is_made_up_for_once_unless_it_is_over(write, tick, clock, db, mailbox, ada, missed, opens):
    write()
    clock.set(OPENS + missed)
    tick()
    tick()
    poll = poll_of(db)
    assert len(events(db, poll)) == opens
    assert (poll.closing_at is not None) == opens
    if not opens:
        assert [(mail.to[1], "Its time to close had passed" in mail.text) for mail in mailbox.mails] == [
            (ada.email, True)
        ]


def archive(db, group, thread, ada):
    db.execute(update(Group).where(Group.id == group.id).values(archived_at=NOW))


def close_thread(db, group, thread, ada):
    db.execute(update(Discussion).where(Discussion.id == thread.id).values(closed_at=NOW))


def leave(db, group, thread, ada):
    db.execute(update(Membership).where(Membership.user_id == ada.id).values(revoked_at=NOW))


@pytest.mark.parametrize(("deed", "said"), [
    (archive, "Its group is archived."), (close_thread, "Its thread is closed, or was removed."),
    (leave, "Whoever planned it may not open it any more."),
])  # fmt: skip
def test_what_cannot_be_opened_stays_a_draft_and_its_planner_hears_why(
    write, tick, clock, db, mailbox, make, group, ada, deed, said
):
    thread = make.discussion(group, author=make.user())
    write(place=f"discussion_id={thread.id}")
    deed(db, group, thread, ada)
    clock.set(OPENS)
    tick()
    tick()
    poll = poll_of(db)
    assert (poll.closing_at, poll.opening, events(db, poll)) == (None, None, [])
    assert mailbox.addresses() == [ada.email]
    assert said in mailbox.mails[0].text
    assert "It stays a draft" in mailbox.mails[0].text


def test_the_author_hears_where_the_account_of_the_planner_is_closed(write, tick, clock, db, mailbox, ada, make):
    write()
    poll, other = poll_of(db), make.user(deactivated_at=NOW)
    db.execute(update(PollOpening).values(planner_id=other.id))
    db.expire_all()
    clock.set(OPENS)
    tick()
    assert (poll.closing_at, mailbox.addresses()) == (None, [ada.email])


@pytest.mark.parametrize(("fields", "field", "said"), [
    ({"opening_at": "2026-03-04T09:00"}, "opening_at", "in the future"),
    ({"opening_at": ""}, "opening_at", "give a date and a time"),
    ({"opening_at": "soon"}, "opening_at", "give a date and a time"),
    ({"opening_at": "9999-12-31T23:59", "closing_at": ""}, "opening_at", ""),
    ({"closing_at": "2026-03-09T09:00"}, "closing_at", "after the poll opens"),
    ({"closing_at": "2026-03-08T09:00"}, "closing_at", "after the poll opens"),
    ({"opens": "now"}, "opens", "choose “At a time”"),
])  # fmt: skip
def test_times_that_cannot_be_are_refused_at_their_field_and_nothing_is_lost(write, db, fields, field, said):
    page = write(TIMES | fields, status=422, details="It costs 900.")
    assert said in page.html.find(id=f"field-{field}-error").text
    form = form_of(page)
    shown = TIMES | fields if fields.get("opening_at") != "soon" else {**TIMES, "opening_at": form["opening_at"].value}
    assert {name: form[name].value for name in TIMES} == shown
    assert form["details"].value == "It costs 900."
    assert db.scalar(select(func.count()).select_from(Poll)) == 0


@pytest.mark.parametrize(("zone", "typed", "opens"), [
    ("Europe/Berlin", "2026-03-29T02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # skipped by the clocks: the hour after
    ("Europe/Berlin", "2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # comes twice: the first
    ("Asia/Kathmandu", "2026-03-09T09:00", datetime(2026, 3, 9, 3, 15, tzinfo=UTC)),
])  # fmt: skip
def test_without_a_time_to_close_it_is_open_for_its_kinds_days_on_the_same_clock(write, app, db, zone, typed, opens):
    write({"opens": "later", "opening_at": typed, "closing_at": "", "time_zone": zone})
    opening = poll_of(db).opening
    days = app.plugins.poll_types["proposal"].days_open
    assert opening.opening_at == opens
    assert (
        f"{opening.closing_at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"
        == f"{datetime.fromisoformat(typed) + timedelta(days=days):%Y-%m-%dT%H:%M}"
    )


def test_those_who_lead_change_it_open_it_now_or_let_it_be_and_others_do_not(
    write, tick, clock, db, sign_in, new_browser, ada, ben, mailbox
):
    write()
    poll = poll_of(db)
    other = new_browser().sign_in(ben)
    seen = other.get(cards.path_of(poll))
    assert "Opens on" in seen
    assert "Open now" not in seen
    for act in ("open", "stay_draft"):
        assert other.send(f"/p/{poll.key}/{act}", status="*").status_int == 403
    web = sign_in(ada)
    form = form_of(web.get(cards.path_of(poll)).click("Change it"))
    assert {name: form[name].value for name in TIMES} == TIMES
    assert form["notify"].checked
    form["opening_at"] = "2026-03-10T09:00"
    form.submit(status=303)
    clock.set(OPENS)
    tick()
    assert (poll.closing_at, events(db, poll), mailbox.mails) == (None, [], [])

    assert "does not open by itself" in web.send(f"/p/{poll.key}/stay_draft", status=303).follow()
    assert web.send(f"/p/{poll.key}/open", status="*").status_int == 409
    clock.move(days=1, hours=1)
    tick()
    assert (poll.closing_at, poll.opening, events(db, poll)) == (None, None, [])

    form = form_of(web.get(f"/p/{poll.key}/edit"))
    form["opens"], form["opening_at"], form["closing_at"] = "later", "2026-03-20T09:00", "2026-03-22T09:00"
    form.submit(status=303)
    web.send(f"/p/{poll.key}/open", status=303)
    tick()
    assert poll.closing_at == datetime(2026, 3, 22, 8, 0, tzinfo=UTC)
    assert [one.kind for one in events(db, poll)] == ["poll_created"]
    assert mailbox.addresses() == [ben.email]
    assert web.send(f"/p/{poll.key}/stay_draft", status="*").status_int == 409


def test_a_draft_that_was_told_of_is_opened_as_an_edit_of_it(write, tick, clock, db, sign_in, ada, mailbox):
    write({"closing_at": ""})
    tick()
    poll = poll_of(db)
    mailbox.reset()
    form = form_of(sign_in(ada).get(f"/p/{poll.key}/edit"))
    for name, value in {**TIMES, "message": "Now with a price."}.items():
        form[name] = value
    form.submit(status=303)
    assert [one.kind for one in events(db, poll)] == ["poll_created"]
    clock.set(OPENS)
    tick()
    assert [one.kind for one in events(db, poll)] == ["poll_created", "poll_edited"]
    assert events(db, poll)[-1].custom_fields["recipient_message"] == "Now with a price."
    assert poll.closing_at is not None


def test_an_open_poll_has_no_time_to_open(write, db, sign_in, ada):
    write({"closing_at": "2026-03-12T17:00"})
    poll = poll_of(db)
    web = sign_in(ada)
    assert "opens" not in form_of(web.get(f"/p/{poll.key}/edit")).fields
    form = form_of(web.get(f"/p/{poll.key}/edit"))
    sent = dict(form.submit_fields())
    web.send(
        f"/p/{poll.key}/edit",
        {**{name: value for name, value in sent.items() if name != "csrf_token"}, **TIMES},
        status=422,
    ).mustcontain("open already")


def test_lists_say_when_it_opens_and_many_planned_polls_ask_no_more_often(
    write, db, sign_in, ada, group, make, queries
):
    thread = make.discussion(group, author=ada)
    place = f"discussion_id={thread.id}"
    write(place=place)
    web = sign_in(ada)
    pages = (f"/g/{group.key}", f"/g/{group.key}/polls", f"/d/{thread.key}/{thread.title.lower().replace(' ', '-')}")

    def counts():
        found = []
        for page in pages:
            web.get(page).follow() if web.get(page).status_int == 303 else None
            with queries() as counted:
                shown = web.get(page)
            found.append(len(counted))
            assert "Opens later" in shown or "Opens on" in shown
        return found

    first = counts()
    for _ in range(4):
        write(place=place)
    sign_in(ada)
    assert counts() == first


@pytest.mark.parametrize("act", ["discard", "destroy", "row"])
def test_a_poll_that_is_gone_is_not_opened(write, tick, clock, db, ctx, sign_in, ada, mailbox, act):
    write()
    poll = poll_of(db)
    if act == "discard":
        sign_in(ada).send(f"/p/{poll.key}/discard", status=303)
    elif act == "destroy":
        destroy.destroy_polls(ctx(), [poll.id])
    else:
        db.execute(Poll.__table__.delete().where(Poll.id == poll.id))
    db.expire_all()
    assert db.scalar(select(func.count()).select_from(PollOpening)) == 0
    clock.set(OPENS)
    tick()
    assert mailbox.mails == []


def test_into_a_thread_it_comes_when_it_opens(write, tick, clock, db, ctx, make, group, ada):
    write()
    poll, thread = poll_of(db), make.discussion(group, author=ada)
    service.add_to_thread(ctx(ada), poll, thread)
    assert events(db, poll) == []
    clock.set(OPENS)
    tick()
    assert [(one.kind, one.discussion_id) for one in events(db, poll)] == [("poll_created", thread.id)]


def test_what_was_planned_goes_over_with_the_account(write, tick, clock, db, ctx, make, ada, mailbox, ben):
    new = make.user("Ada King")
    write()
    merge.merge(ctx(), ada, new)
    clock.set(OPENS)
    tick()
    poll = poll_of(db)
    assert [(one.kind, one.user_id) for one in events(db, poll)] == [("poll_created", new.id)]
    assert ben.email in mailbox.addresses()


def test_it_is_searched_and_exported_as_the_draft_it_is_and_the_api_says_when_it_opens(
    write, db, app, commit, new_browser, ada, ben, group, ctx, run_jobs
):
    write()
    run_jobs()
    commit()
    building.build(app, restart=True)
    found = new_browser().sign_in(ben).get("/api/v1/search", {"query": "loom"}).json
    assert [one["poll_title"] for one in found["search_results"]] == ["Shall we buy the loom?"]
    assert [(one["closing_at"], one["opening_at"]) for one in found["polls"]] == [(None, "2026-03-09T08:00:00.000Z")]
    lines = [line for line in jsonl.lines(ctx(ada), Selection([group.id])) if "Shall we buy the loom?" in str(line)]
    assert lines
    assert not any("2026-03-09" in str(line) for line in lines)
