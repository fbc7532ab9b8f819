"""What is read where it stands does not wait in the bell any more."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.discussions import service as discussions
from llmio.notifications.models import Notification
from llmio.polls import service as polls


@pytest.fixture
def told(make, ctx, commit, run_jobs):
    """Ada is mentioned twice in a thread, and Ben reacted to what she said: three notices wait."""
    ada, ben = make.user(name="Ada", username="ada"), make.user(name="Ben", username="ben")
    group = make.group(admin=ada, members=[ben])
    thread = make.discussion(group, title="Lunch")
    own = discussions.add_comment(ctx(ada), thread, body="Soup?")
    first = discussions.add_comment(ctx(ben), thread, body="@ada soup again")
    second = discussions.add_comment(ctx(ben), thread, body="@ada or bread")
    discussions.react(ctx(ben), "Comment", own.id, emoji="👍")
    commit()
    run_jobs()
    return ada, thread, first, second


def waiting(db, person):
    """Addresses of the notices that wait."""
    query = select(Notification.url).where(Notification.user_id == person.id, Notification.viewed.is_(False))
    return sorted(db.scalars(query))


def test_reading_an_item_marks_its_notice_and_no_other(web, db, told, live):
    ada, thread, first, second = told
    assert len(waiting(db, ada)) == 3
    web.sign_in(ada)
    page = web.get(f"/d/{thread.key}").follow()
    item = page.html.select_one(f"#comment-{first.id}").find_parent(class_="thread-item")
    assert item["data-reading-target"] == "item"
    live.messages.clear()
    web.send(f"/d/{thread.key}/read", {"ranges": f"{item['data-sequence-id']}-{item['data-sequence-id']}"})
    left = waiting(db, ada)
    assert len(left) == 2
    assert any(url.endswith(f"/comment/{second.id}") for url in left)
    assert not any(url.endswith(f"/comment/{first.id}") for url in left)
    said = [message for room, message in live.messages if room == f"user-{ada.id}" and "notifications" in message]
    assert [one["viewed"] for message in said for one in message["notifications"]] == [True]


def test_a_reaction_to_what_was_read_long_ago_is_seen_in_the_thread(web, db, told):
    ada, thread, _first, _second = told
    web.sign_in(ada)
    web.send(f"/d/{thread.key}/read", {"ranges": "all"})
    assert waiting(db, ada) == []
    page = web.get(f"/d/{thread.key}").follow()
    assert not page.html.select("[data-reading-target]")


def test_someone_elses_reading_marks_nothing_of_mine(web, db, told, make):
    ada, thread, _first, _second = told
    other = make.user()
    make.membership(thread.group, other)
    web.sign_in(other)
    web.send(f"/d/{thread.key}/read", {"ranges": "all"})
    assert len(waiting(db, ada)) == 3


def test_answering_marks_the_notice_of_what_is_answered(db, told, ctx, commit):
    ada, thread, first, _second = told
    discussions.add_comment(ctx(ada), thread, body="Yes", parent=("Comment", first.id))
    commit()
    assert len(waiting(db, ada)) == 2


@pytest.fixture
def asked(make, ctx, commit, run_jobs):
    """Ada is asked to vote."""
    ada, ben = make.user(name="Ada"), make.user(name="Ben")
    group = make.group(admin=ben, members=[ada])
    poll = make.poll(group=group, author=ben, voters=[ada])
    polls.remind(ctx(ben), poll)
    commit()
    run_jobs()
    return ada, poll


def test_opening_a_poll_marks_its_notices(web, db, asked):
    ada, poll = asked
    assert len(waiting(db, ada)) == 1
    web.sign_in(ada)
    page = web.get(f"/p/{poll.key}").follow()
    assert page.html.select_one("[data-bell-count]")["data-bell-count"] == "0"
    assert waiting(db, ada) == []
