"""What people type cannot leave the field it was typed in: heads of mails, calendar files, tables, terminals."""

from __future__ import annotations

import csv
import io
import re
from email import message_from_bytes, policy

import pytest
from icalendar import Calendar
from sqlalchemy import select

from llmio.accounts.models import User
from llmio.discussions.models import Discussion
from llmio.groups.models import Group
from llmio.mail.message import build
from llmio.polls import calendar, service
from tests import factories as make

EVIL = "Bread\r\nBcc: victim@evil.example\r\n\r\nBody\x07\x1b[31m\x9b31m\u202ex"
TAME = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")


@pytest.fixture
def scene(db, sign_in):
    ada, ben = (
        make.user(db, "Ada", email="ada@example.org"),
        make.user(db, "Ben", email="ben@example.org", username="ben"),
    )
    group = make.group(db, admin=ada, members=[ben])
    return sign_in(ada), ada, ben, group


def test_names_and_titles_hold_no_orders(scene, db):
    web, _ada, _ben, group = scene
    web.send("/g/new", {"name": EVIL, "privacy": "closed", "group_privacy": "closed"}, status=303)
    web.send(
        "/d", {"title": EVIL, "group_id": str(group.id), "description": EVIL, "description_format": "md"}, status=303
    )
    thread = db.scalars(select(Discussion).order_by(Discussion.id.desc())).first()
    found = db.scalars(select(Group).order_by(Group.id.desc())).first()
    assert [one for one in (thread.title, found.name, thread.description) if TAME.search(one)] == []
    assert "Bread" in thread.title
    assert thread.description.startswith("Bread\n")


def test_a_password_is_taken_as_it_was_typed(scene, db):
    web, ada, _ben, _group = scene
    web.send(
        "/profile/password", {"new_password": "correct\x07horse battery", "current_password": ""}, expect_errors=True
    )
    web.sign_out()
    fields = {"email": "ada@example.org", "password": "correct\x07horse battery"}
    assert (web.send("/sign_in", fields, expect_errors=True).status_int == 303) is bool(
        db.get_one(User, ada.id).encrypted_password
    )


def test_mails_have_the_heads_that_we_gave_them(scene, db, run_jobs, mailbox):
    web, ada, ben, group = scene
    ada.name, group.name, group.full_name = EVIL, EVIL, EVIL
    ben.email_new_discussions_and_proposals = True
    thread = make.discussion(db, group, author=ada, title=EVIL)
    body = f'<p>{EVIL} <span data-mention-id="ben">@ben</span></p>'
    web.send(f"/d/{thread.key}/comments", {"body": body, "body_format": "html"}, status=303)
    web.send(f"/g/{group.key}/invite", {"emails": "new@example.org", "message": EVIL}, status=303)
    run_jobs()
    assert {"ben@example.org", "new@example.org"} <= set(mailbox.addresses())
    for mail in mailbox.mails:
        read = message_from_bytes(build(mail, make.now()).as_bytes(policy=policy.SMTP), policy=policy.default)
        assert read["Bcc"] is None
        assert len(read.get_all("To")) == len(read.get_all("Subject")) == len(read.get_all("From")) == 1
        addresses = [one.addr_spec for name in ("To", "From", "Reply-To") if read[name] for one in read[name].addresses]
        assert "victim@evil.example" not in addresses
        assert not [value for value in read.values() if "\n" in str(value)]


@pytest.fixture
def meeting(scene, db):
    """A closed poll of times with an evil title, in which somebody with an evil name chose."""
    _web, ada, ben, group = scene
    ben.name = EVIL + '";X="'
    poll = make.poll(
        db, group=group, author=ada, title=EVIL, poll_type="meeting", options=("2027-03-28T19:00:00Z",), poll_option_name_format="iso8601",
        custom_fields={"meeting_duration": 90}, details=f"=1+1 {EVIL}", details_format="md", closed_at=make.now(),
    )  # fmt: skip
    make.stance(
        db,
        poll,
        ben,
        choices={"2027-03-28T19:00:00Z": 2},
        reason='=HYPERLINK("http://evil.example")',
        reason_format="md",
    )
    return poll


def test_a_meeting_in_a_calendar_is_one_entry_with_our_fields(meeting, ctx, scene):
    _web, ada, _ben, _group = scene
    place = "Mill\r\nATTENDEE:mailto:victim@evil.example\r\nEND:VEVENT\r\nBEGIN:VALARM\r\nACTION:EMAIL"
    options = make.options_of(ctx().db, meeting)
    outcome = service.publish_outcome(
        ctx(ada),
        meeting,
        statement=EVIL,
        poll_option_id=next(iter(options.values())).id,
        meeting={"event_location": place, "event_summary": ""},
    )
    name, kind, content = calendar.meeting(ctx(ada), outcome, attendees=True)
    assert (name, "\n" in kind) == ("meeting.ics", False)
    read = Calendar.from_ical(content)
    assert [part.name for part in read.walk() if part.name not in ("VTIMEZONE", "STANDARD", "DAYLIGHT")] == [
        "VCALENDAR",
        "VEVENT",
    ]
    (event,) = read.walk("VEVENT")
    attendees = event["attendee"] if isinstance(event["attendee"], list) else [event["attendee"]]
    assert [str(one) for one in attendees] == ["mailto:ben@example.org"]
    assert set(attendees[0].params) <= {"CN", "ROLE", "RSVP", "PARTSTAT"}
    assert re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", content) is None
    assert re.search(rb"^(Bcc|X-Evil|ACTION)", content, re.MULTILINE) is None


def test_tables_hold_no_formulas(meeting, scene, db):
    web, ada, ben, group = scene
    ada.name, ben.name = "+1+cmd|' /C calc'!A0", "@SUM(1)"
    make.discussion(db, group, title="=1+1", description="-2+3", description_format="md", author=ada)
    meeting.title = "\n=1+1"
    text = web.get(f"/p/{meeting.key}/export.csv").text
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert '\'=HYPERLINK("http://evil.example")' in cells
    assert [cell for cell in cells if re.match(r"[=+@\t\r\n-](?![0-9.]*$)", cell)] == []
