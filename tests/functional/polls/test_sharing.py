"""Sharing an outcome with people, and the meeting it decides on as a calendar file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest
from sqlalchemy import select, update

from llmio.discussions import service as threads
from llmio.groups.models import Membership
from llmio.mail.message import build
from llmio.polls import service
from llmio.polls.models import Outcome, Stance

TIMES = ["2027-03-27T19:00:00.000Z", "2027-03-28T19:00:00Z", "2027-04-01"]


@pytest.fixture
def closed(start, ada, group, ctx):
    poll = start(ada, group=group, title="Which loom?")
    return service.close_poll(ctx(ada), poll)


@pytest.fixture
def meeting(make, db, ada, ben, group, clock):
    """A closed poll of times, in Berlin: Ben can come on the second and third, Ada on the first. It is March of that year."""
    clock.set(datetime(2027, 3, 1, 12, tzinfo=UTC))
    poll = make.poll(
        group=group, author=ada, title="Summer; party, again?", poll_type="meeting",
        poll_option_name_format="iso8601", options=TIMES, custom_fields={"time_zone": "Europe/Berlin", "meeting_duration": 90},
    )  # fmt: skip
    make.stance(poll, ben, choices={TIMES[1]: 2, TIMES[2]: 1, TIMES[0]: 0})
    make.stance(poll, ada, choices={TIMES[0]: 2})
    poll.closed_at = clock.now()
    db.flush()
    return poll


def at(make, poll, name):
    return make.options_of(poll)[name].id


def only(mail):
    """The event in the mail's calendar file, read as a calendar program does, from the bytes that travel."""
    (part,) = build(mail, datetime.now(UTC)).iter_attachments()
    assert part.get_filename() == "meeting.ics"
    assert part.get_content_type() == "text/calendar"
    calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
    assert part["Content-Type"].params["method"] == calendar["method"]
    (event,) = calendar.walk("VEVENT")
    return calendar, event


# -- sharing -------------------------------------------------------------------------------------------------------------


def test_an_outcome_is_shared_with_those_chosen(closed, ada, ben, make, group, ctx, sign_in, run_jobs, mailbox):
    cleo = make.user("Cleo", email="cleo@example.org")
    make.membership(group, cleo)
    stranger = make.user("Dan", email="dan@example.org")
    outcome = service.publish_outcome(ctx(ada), closed, statement="The blue one.")
    run_jobs()
    assert mailbox.mails == []
    web = sign_in(ada)
    page = web.get(f"/p/{closed.key}").follow().click("Share it")
    assert "Dan" not in page
    form = next(one for one in page.forms.values() if one.action.endswith("/share"))
    assert form["who"].value == "chosen"
    refused = form.submit(status=422)
    assert "Please choose somebody." in refused
    answer = web.send(
        f"/outcomes/{outcome.id}/share",
        {"who": "chosen", "user_ids": [str(cleo.id), str(stranger.id), str(ada.id)], "message": "As <b>said</b>"},
    ).follow()
    assert "1 person is told." in answer
    run_jobs()
    (mail,) = mailbox.mails
    assert mail.to[1] == "cleo@example.org", "nobody else: strangers may not see it, the sender knows"
    assert mail.kind == "outcome_announced"
    assert mail.subject == f"[{group.handle or group.name}] Ada Lovelace shared the outcome of Which loom? with you"
    assert "The blue one." in mail.text
    assert "> As <b>said</b>" in mail.text
    assert "because Ada Lovelace asked for you to be told" in mail.text
    assert "shared the outcome" in web.sign_in(cleo).get("/notifications")


@pytest.mark.parametrize(("who", "told"), [("group", {"Ben Okri", "Cleo"}), ("voters", {"Ben Okri"})])
def test_an_outcome_is_shared_with_all(closed, ada, make, group, ctx, sign_in, run_jobs, mailbox, who, told):
    make.membership(group, make.user("Cleo"))
    outcome = service.publish_outcome(ctx(ada), closed, statement="The blue one.")
    sign_in(ada).send(f"/outcomes/{outcome.id}/share", {"who": who})
    run_jobs()
    assert {mail.to[0] for mail in mailbox.mails} == told


def test_who_may_not_tell_others_cannot_share(closed, ada, ben, group, ctx, sign_in, run_jobs, mailbox):
    outcome = service.publish_outcome(ctx(ada), closed, statement="The blue one.")
    web = sign_in(ben)
    assert "Share it" not in web.get(f"/p/{closed.key}").follow()
    web.send(f"/outcomes/{outcome.id}/share", {"who": "voters"}, status=403)
    run_jobs()
    assert mailbox.mails == []


# -- the meeting ---------------------------------------------------------------------------------------------------------


def test_the_mail_about_a_meeting_carries_it_for_the_calendar(meeting, make, ada, ben, ctx, run_jobs, mailbox):
    service.publish_outcome(
        ctx(ada), meeting, statement="We **meet**.", poll_option_id=at(make, meeting, TIMES[1]), notify=True,
        meeting={"event_location": "Mill, 2nd floor", "event_summary": ""},
    )  # fmt: skip
    run_jobs()
    calendar, event = only(mailbox.last(ben.email))
    assert calendar["method"] == "REQUEST"
    start, end = event.decoded("dtstart"), event.decoded("dtend")
    assert (start.utctimetuple()[:5], end - start) == ((2027, 3, 28, 19, 0), timedelta(minutes=90))
    assert start.tzinfo.key == "Europe/Berlin"
    assert start.utcoffset() == timedelta(hours=2), "summer time begins on that day"
    (zone,) = calendar.walk("VTIMEZONE")
    assert zone["tzid"] == event["dtstart"].params["tzid"] == "Europe/Berlin"
    offsets = {part.name: part["tzoffsetto"].td for part in zone.subcomponents}
    assert offsets == {"STANDARD": timedelta(hours=1), "DAYLIGHT": timedelta(hours=2)}
    assert (event["summary"], event["location"]) == ("Summer; party, again?", "Mill, 2nd floor")
    assert event["description"] == "We meet."
    assert event["url"].endswith(f"/p/{meeting.key}")
    assert (event["class"], event["sequence"], event["organizer"]) == ("PRIVATE", 0, f"mailto:{ada.email}")
    assert event["attendee"] == f"mailto:{ben.email}", "Ada did not choose that time"


def test_an_edited_meeting_is_the_same_entry_with_a_higher_number(meeting, make, ada, ben, ctx, run_jobs, mailbox):
    act = ctx(ada)
    first = service.publish_outcome(
        act, meeting, statement="We meet.", poll_option_id=at(make, meeting, TIMES[1]), notify=True
    )
    service.update_outcome(act, first, statement="We meet.", poll_option_id=at(make, meeting, TIMES[2]), notify=True)
    second = service.publish_outcome(
        act, meeting, statement="At last.", poll_option_id=at(make, meeting, TIMES[0]), notify=True
    )
    run_jobs()
    events = sorted((only(mail)[1] for mail in mailbox.to(ben.email)), key=lambda one: int(one["sequence"]))
    assert len({str(one["uid"]) for one in events}) == 1
    assert [int(one["sequence"]) for one in events][-1] == 2
    assert service.share_outcome(act, second, user_ids=[ben.id]) == [ben.id]
    run_jobs()
    shared = only(mailbox.last(ben.email))[1]
    assert (int(shared["sequence"]), str(shared["uid"])) == (2, str(events[0]["uid"]))


def test_a_day_is_a_whole_day_without_a_zone(meeting, make, ada, ben, ctx, run_jobs, mailbox):
    service.publish_outcome(
        ctx(ada), meeting, statement="We meet.", poll_option_id=at(make, meeting, TIMES[2]), notify=True
    )
    run_jobs()
    calendar, event = only(mailbox.last(ben.email))
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (date(2027, 4, 1), date(2027, 4, 2))
    assert calendar.walk("VTIMEZONE") == []


def test_of_an_anonymous_poll_nobody_is_named(meeting, make, ada, ben, ctx, run_jobs, mailbox, db):
    meeting.anonymous = True
    chosen = at(make, meeting, TIMES[1])
    outcome = service.publish_outcome(ctx(ada), meeting, statement="We meet.", poll_option_id=chosen)
    make.membership(meeting.group, make.user("Cleo", email="cleo@example.org"))
    service.share_outcome(ctx(ada), outcome, who="group")
    run_jobs()
    calendar, event = only(mailbox.last("cleo@example.org"))
    assert calendar["method"] == "PUBLISH"
    assert "attendee" not in event


@pytest.mark.parametrize("name", ["Never", "2027-02-31", "2027-13-01T00:00:00Z", "9999-12-31T23:59:59Z", ""])
def test_what_is_no_time_is_no_meeting_and_the_mail_comes_all_the_same(
    meeting, make, ada, ben, ctx, run_jobs, mailbox, db, sign_in, name
):
    option = make.options_of(meeting)[TIMES[1]]
    option.name = name
    outcome = service.publish_outcome(ctx(ada), meeting, statement="We meet.", poll_option_id=option.id, notify=True)
    run_jobs()
    assert mailbox.last(ben.email).attachments == ()
    sign_in(ben).get(f"/outcomes/{outcome.id}/meeting.ics", status=404)


def test_the_page_has_the_meeting_without_addresses(meeting, make, ada, ben, ctx, sign_in, db):
    web = sign_in(ada)
    form = next(one for one in web.get(f"/p/{meeting.key}/outcome").forms.values() if one.action.endswith("/outcome"))
    form["statement"], form["poll_option_id"] = "We meet.", str(at(make, meeting, TIMES[1]))
    form["event_summary"], form["event_description"] = "The party", "Bring cake"
    shown = form.submit().follow()
    file = shown.click("Put it into my calendar")
    assert file.content_type == "text/calendar"
    (event,) = icalendar.Calendar.from_ical(file.body).walk("VEVENT")
    assert (event["summary"], event["description"]) == ("The party", "Bring cake")
    assert "attendee" not in event
    outcome = db.scalars(select(Outcome)).one()
    assert 'value="The party"' in web.get(f"/outcomes/{outcome.id}/edit")
    sign_in(make.user("Dan")).get(f"/outcomes/{outcome.id}/meeting.ics", status=404)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (TIMES[1], "29 Mar 2027, 04:00"),
        (TIMES[2], "Apr 1, 2027"),
        ("2027-03-27T19:00:00+01:00", "28 Mar 2027, 03:00"),
        ("2027-02-31", "2027-02-31"),
        ("Never", "Never"),
    ],
)
def test_the_time_decided_on_is_shown_by_the_readers_clock(meeting, make, ada, ben, ctx, sign_in, name, shown):
    ben.time_zone = "Asia/Tokyo"
    option = make.options_of(meeting)[TIMES[1]]
    option.name = name
    service.publish_outcome(ctx(ada), meeting, statement="We meet.", poll_option_id=option.id)
    page = sign_in(ben).get(f"/p/{meeting.key}").follow()
    assert page.html.select_one("[id^=outcome-] .lead").get_text(strip=True) == shown


def test_other_polls_ask_for_no_meeting(closed, ada, sign_in):
    assert "event_location" not in sign_in(ada).get(f"/p/{closed.key}/outcome")


# -- what becomes of it --------------------------------------------------------------------------------------------------


@pytest.fixture
def told(meeting, make, ada, ctx, run_jobs, mailbox):
    """An outcome whose meeting (the second time) was mailed to Ben; his mailbox is empty again."""
    outcome = service.publish_outcome(
        ctx(ada), meeting, statement="We meet.", poll_option_id=at(make, meeting, TIMES[1]), notify=True,
        meeting={"event_location": "Mill"},
    )  # fmt: skip
    run_jobs()
    mailbox.mails.clear()
    return outcome


def cancelled(mail, ben, start=datetime(2027, 3, 28, 19, tzinfo=UTC)):
    calendar, event = only(mail)
    assert (calendar["method"], event["status"]) == ("CANCEL", "CANCELLED")
    assert event.decoded("dtstart") == start
    assert event["attendee"] == f"mailto:{ben.email}"
    return event


def test_a_meeting_that_lost_its_time_is_called_off(told, meeting, make, ada, ben, ctx, run_jobs, mailbox):
    cleo = make.user("Cleo", email="cleo@example.org")
    make.membership(meeting.group, cleo)
    service.update_outcome(ctx(ada), told, statement="We do not know yet.")
    run_jobs()
    (mail,) = mailbox.mails
    assert mail.to[1] == ben.email, "Cleo never had it"
    event = cancelled(mail, ben)
    assert (event["uid"].startswith(f"poll-{meeting.key}@"), event["sequence"] > 0) == (True, True)
    assert event["organizer"] == f"mailto:{ada.email}"
    assert mail.subject == "Called off: Summer; party, again?"
    assert "Until now: 28 March 2027, 19:00 (UTC)" in mail.text
    service.update_outcome(ctx(ada), told, statement="Still not.")
    run_jobs()
    assert len(mailbox.mails) == 1, "each once"
    chosen = at(make, meeting, TIMES[2])
    service.update_outcome(ctx(ada), told, statement="Now we do.", poll_option_id=chosen)
    run_jobs()
    calendar, again = only(mailbox.last(ben.email))
    assert (calendar["method"], again["uid"], again["status"]) == ("REQUEST", event["uid"], "CONFIRMED")
    assert again["sequence"] > event["sequence"]


def test_a_meeting_at_another_time_is_asked_for_anew(told, meeting, make, ada, ben, ctx, run_jobs, mailbox, clock):
    service.update_outcome(
        ctx(ada),
        told,
        statement="We meet.",
        poll_option_id=at(make, meeting, TIMES[0]),
        meeting={"event_location": "Mill"},
    )
    run_jobs()
    (mail,) = mailbox.mails
    calendar, event = only(mail)
    assert (calendar["method"], event["status"]) == ("REQUEST", "CONFIRMED")
    assert event.decoded("dtstart").astimezone(UTC) == datetime(2027, 3, 27, 19, tzinfo=UTC)
    assert event["sequence"] > 0
    asked = {str(one): str(one.params["partstat"]) for one in event["attendee"]}
    assert asked == {f"mailto:{ada.email}": "ACCEPTED", f"mailto:{ben.email}": "NEEDS-ACTION"}
    assert mail.subject == "Another time: Summer; party, again?"
    service.update_outcome(
        ctx(ada),
        told,
        statement="We meet.",
        poll_option_id=at(make, meeting, TIMES[0]),
        meeting={"event_location": "Barn"},
    )
    run_jobs()
    moved = only(mailbox.last(ben.email))[1]
    assert (moved["location"], moved["sequence"] > event["sequence"]) == ("Barn", True)
    service.update_outcome(ctx(ada), told, statement="*We* meet.", poll_option_id=at(make, meeting, TIMES[0]))
    run_jobs()
    assert len(mailbox.mails) == 2, "what changes nothing in a calendar is not mailed"


@pytest.mark.parametrize(("notify", "kind"), [(True, "outcome_created"), (False, "meeting_changed")])
def test_a_new_outcome_without_a_time_calls_off_once(told, meeting, ada, ben, ctx, run_jobs, mailbox, notify, kind):
    service.publish_outcome(ctx(ada), meeting, statement="We never meet.", notify=notify)
    run_jobs()
    (mail,) = mailbox.to(ben.email)
    assert mail.kind == kind
    cancelled(mail, ben)


@pytest.mark.parametrize("what", ["poll", "thread"])
def test_a_removed_meeting_is_called_off(told, meeting, make, ada, ben, ctx, run_jobs, mailbox, db, what):
    if what == "thread":
        meeting.discussion = make.discussion(meeting.group, author=ada)
        db.flush()
        threads.discard_discussion(ctx(ada), meeting.discussion)
    else:
        service.discard_poll(ctx(ada), meeting)
    run_jobs()
    (mail,) = mailbox.mails
    cancelled(mail, ben)
    assert "/p/" not in mail.text


def test_who_may_not_see_it_any_more_hears_nothing(told, meeting, make, ada, ben, ctx, run_jobs, mailbox, db):
    db.execute(update(Membership).where(Membership.user_id == ben.id).values(revoked_at=datetime.now(UTC)))
    db.execute(update(Stance).where(Stance.participant_id == ben.id).values(revoked_at=datetime.now(UTC)))
    service.update_outcome(ctx(ada), told, statement="Elsewhen.", poll_option_id=at(make, meeting, TIMES[0]))
    run_jobs()
    assert mailbox.to(ben.email) == []


def reopen(web, poll, **changes):
    """Open a poll again by its form; the page that tells of it."""
    page = web.get(f"/p/{poll.key}/reopen")
    form = next(one for one in page.forms.values() if one.action.endswith("/reopen"))
    for name, value in changes.items():
        form[name] = value
    return page, form.submit().follow()


def test_a_poll_that_opens_again_calls_its_meeting_off(told, meeting, make, ada, ben, ctx, run_jobs, mailbox, sign_in):
    service.share_outcome(ctx(ada), told, emails="eve@example.org")
    run_jobs()
    assert only(mailbox.last("eve@example.org"))[1]["status"] == "CONFIRMED"
    mailbox.mails.clear()
    page, after = reopen(sign_in(ada), meeting)
    assert "28 Mar 2027" in page
    assert "&lt;time" not in page
    assert "Call the meeting off" in page
    assert "The meeting is called off" in after
    run_jobs()
    assert sorted(mail.to[1] for mail in mailbox.mails) == sorted([ben.email, "eve@example.org"])
    event = cancelled(mailbox.last(ben.email), ben)
    assert event["sequence"] > 0
    assert f"/p/{meeting.key}" in mailbox.last(ben.email).text
    assert "/p/" not in mailbox.last("eve@example.org").text, "who was sent the outcome alone does not see an open poll"
    assert told.poll_option_id is None
    service.close_poll(ctx(ada), meeting)
    run_jobs()
    assert "Put it into my calendar" not in sign_in(ben).get(f"/p/{meeting.key}").follow()
    service.update_outcome(ctx(ada), told, statement="After all.", poll_option_id=at(make, meeting, TIMES[1]))
    run_jobs()
    again = only(mailbox.last(ben.email))[1]
    assert (again["status"], again["sequence"] > event["sequence"]) == ("CONFIRMED", True)
    assert "outcome_token=" in mailbox.last("eve@example.org").text


def test_a_meeting_may_stand_while_its_poll_is_open_again(told, meeting, ada, ben, run_jobs, mailbox, sign_in):
    _page, after = reopen(sign_in(ada), meeting, call_off=False)
    run_jobs()
    assert "called off" not in after
    assert mailbox.mails == []
    assert told.poll_option_id is not None


def test_other_polls_are_opened_again_without_a_word_of_meetings(closed, ada, ctx, run_jobs, mailbox, sign_in):
    service.publish_outcome(ctx(ada), closed, statement="The blue one.")
    run_jobs()
    page, after = reopen(sign_in(ada), closed)
    assert ("calendar" in page, "called off" in after) == (False, False)
    run_jobs()
    assert mailbox.mails == []
