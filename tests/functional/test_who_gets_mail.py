"""Who is written to: addresses proved, addresses not proved, those who complained."""

from __future__ import annotations

import pytest

from llmio.core.events import Audience
from llmio.discussions import kinds as threads
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
