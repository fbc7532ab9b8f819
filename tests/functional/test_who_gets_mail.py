"""Who is written to: addresses proved, addresses not proved, those who complained."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from llmio.accounts import service as accounts
from llmio.core.events import Audience
from llmio.discussions import kinds as threads
from llmio.polls import kinds as polls
from tests import factories as make


@pytest.fixture
def world(db):
    admin = make.user(db, "Ada")
    thread = make.discussion(db, make.group(db, admin=admin), title="Lunch")
    guest = make.user(db, "Gus", email="gus@example.org", email_verified=False)
    make.reader(db, thread, guest, guest=True, volume=3)
    return admin, thread, guest


def mails_to(address, mailbox):
    return [mail.kind for mail in mailbox.to(address)]


def test_a_guest_without_a_proved_address_gets_what_lets_them_in_and_nothing_else(
    world, db, ctx, commit, run_jobs, mailbox
):
    admin, thread, guest = world
    act = ctx(admin)
    act.publish(threads.DISCUSSION_ANNOUNCED, thread, audience=Audience(user_ids=[guest.id]))
    act.publish(threads.NEW_COMMENT, make.comment(db, thread, author=admin))
    commit()
    run_jobs()
    assert mails_to("gus@example.org", mailbox) == ["discussion_announced"]
    guest.email_verified = True
    act = ctx(admin)
    act.publish(threads.NEW_COMMENT, make.comment(db, thread, author=admin))
    commit()
    run_jobs()
    assert mails_to("gus@example.org", mailbox) == ["discussion_announced", "new_comment"]


def test_who_complained_gets_nothing(world, db, ctx, commit, run_jobs, mailbox):
    admin, thread, guest = world
    guest.email_verified, guest.complaints_count = True, 1
    ctx(admin).publish(threads.DISCUSSION_ANNOUNCED, thread, audience=Audience(user_ids=[guest.id]))
    commit()
    run_jobs()
    assert mailbox.mails == []


def test_whoever_is_chosen_for_a_kind_without_mail_keeps_the_mail_of_a_subscriber(
    world, db, ctx, commit, run_jobs, mailbox
):
    admin, thread, guest = world
    guest.email_verified = True
    other = make.user(db, "Una", email="una@example.org")
    make.reader(db, thread, other, guest=True, volume=2)
    chosen = Audience(user_ids=[guest.id, other.id])
    vote = make.stance(db, make.poll(db, discussion=thread, author=admin), admin, choices={"agree": 1})
    ctx(admin).publish(polls.STANCE_CREATED, vote, audience=chosen)
    commit()
    run_jobs()
    assert mails_to("gus@example.org", mailbox) == ["stance_created"]
    assert mails_to("una@example.org", mailbox) == [], "being chosen is no subscription"


@pytest.mark.parametrize(("invited", "day"), [(True, 4), (False, None)])
def test_the_invited_get_a_weekly_summary_from_the_start_and_others_choose(db, ctx, clock, invited, day):
    clock.set(datetime(2027, 1, 7, 12, tzinfo=UTC))
    act = ctx(make.user(db))
    if invited:
        found = accounts.find_or_invite_all(act, ["new@example.org"])["new@example.org"]
    else:
        found = accounts.find_or_invite(act, "new@example.org")
    assert found.email_catch_up_day == day, "7 January 2027 is a Thursday, the day 4"
    known = make.user(db, email="known@example.org")
    assert accounts.find_or_invite_all(act, ["known@example.org"])["known@example.org"].email_catch_up_day is None
    assert known.email_catch_up_day is None
