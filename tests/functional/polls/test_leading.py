"""Who leads a poll, and where it stands: voters made leaders, a poll put into a thread, a poll taken away."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.discussions import ranges
from llmio.plugins.polls import Ballot
from llmio.polls import cards, service
from llmio.polls.models import PollOption, Stance


@pytest.fixture
def poll(start, ada, group):
    return start(ada, group=group)


@pytest.fixture
def say(ctx, db):
    """`say(person, poll, reason)`: vote for the first option."""

    def said(person, poll, reason):
        option = db.scalars(select(PollOption).where(PollOption.poll_id == poll.id)).first()
        return service.cast_vote(ctx(person), poll, ballot=Ballot({option.id: 1}), reason=reason)

    return said


def place(db, poll, person):
    return db.scalars(select(Stance).where(Stance.poll_id == poll.id, Stance.participant_id == person.id)).one()


def test_a_voter_can_lead_the_poll_and_no_longer(new_browser, poll, ada, ben, db):
    lead, web = new_browser().sign_in(ada), new_browser().sign_in(ben)
    assert web.get(f"/p/{poll.key}/edit", status="*").status_int == 403
    there = f"/p/{poll.key}/voters/{place(db, poll, ben).id}"
    lead.send(f"{there}/make_admin", {}, status=303)
    assert "Leads this poll" in lead.get(f"/p/{poll.key}/voters")
    web.get(f"/p/{poll.key}/edit", status=200)
    lead.send(f"{there}/remove_admin", {}, status=303)
    assert web.get(f"/p/{poll.key}/edit", status="*").status_int == 403


def test_who_does_not_lead_makes_nobody_a_leader(sign_in, poll, ben, db):
    web = sign_in(ben)
    assert web.send(f"/p/{poll.key}/voters/{place(db, poll, ben).id}/make_admin", {}, status="*").status_int == 403
    assert not place(db, poll, ben).admin


def test_a_voter_of_another_poll_is_not_found(sign_in, start, poll, ada, ben, group, db):
    other = start(ada, group=group)
    web = sign_in(ada)
    for act in ("make_admin", "remove_admin", "remove"):
        path = f"/p/{poll.key}/voters/{place(db, other, ben).id}/{act}"
        assert web.send(path, {}, status="*").status_int == 404, act


def test_a_poll_goes_into_a_thread_with_its_votes(sign_in, make, poll, ada, ben, group, say, db):
    thread = make.discussion(group, author=ada, title="The loom")
    say(ben, poll, "It is time")
    say(ada, poll, None)
    web = sign_in(ada)
    page = web.get(cards.path_of(poll)).click("Put into a thread")
    form = next(form for form in page.forms.values() if "discussion_id" in form.fields)
    form["discussion_id"].select(text="The loom")
    form.submit(status=303)
    shown = web.get(f"/d/{thread.key}/the-loom")
    assert poll.title in shown
    assert "It is time" in shown
    db.refresh(thread)
    assert (thread.items_count, thread.ranges_string) == (2, "1-2")
    web.get(f"/p/{poll.key}/thread", status=409)


def test_votes_that_are_kept_until_the_end_stay_out_of_the_thread(make, start, ctx, ada, ben, group, say, db):
    poll = start(ada, group=group, hide_results=2)
    thread = make.discussion(group, author=ada)
    say(ben, poll, "It is time")
    service.add_to_thread(ctx(ada), poll, thread)
    db.refresh(thread)
    assert thread.items_count == 1
    service.close_poll(ctx(ada), poll)
    db.refresh(thread)
    assert thread.items_count == 3


@pytest.mark.parametrize("wrong", ["closed", "other", "missing", "nothing"])
def test_a_thread_that_cannot_be_is_refused_at_the_field(sign_in, make, poll, ada, group, wrong):
    make.discussion(group, author=ada)
    closed = make.discussion(group, author=ada, closed_at=poll.created_at)
    other = make.discussion(make.group(), title="Secret")
    value = {"closed": closed.id, "other": other.id, "missing": 999_999, "nothing": ""}[wrong]
    page = sign_in(ada).send(f"/p/{poll.key}/thread", {"discussion_id": value}, status=422)
    assert page.html.select_one("#field-discussion_id-error")
    assert poll.discussion_id is None


def test_who_may_not_edit_the_poll_does_not_move_it(sign_in, make, poll, ben, group):
    thread = make.discussion(group)
    web = sign_in(ben)
    assert web.send(f"/p/{poll.key}/thread", {"discussion_id": thread.id}, status="*").status_int == 403
    assert "Put into a thread" not in web.get(cards.path_of(poll))


def test_a_discarded_poll_leaves_nothing_unread_behind(ctx, make, start, ada, ben, group, say, db):
    thread = make.discussion(group, author=ada)
    poll = start(ada, group=group, discussion=thread)
    say(ben, poll, "It is time")
    db.refresh(thread)
    before = ranges.parse(thread.ranges_string)
    service.discard_poll(ctx(ada), poll)
    db.refresh(thread)
    assert ranges.length(ranges.parse(thread.ranges_string)) == ranges.length(before) - 1
    assert thread.items_count == 1


def test_who_was_taken_out_is_named_and_has_no_ballot(sign_in, poll, ada, ben, db):
    stance = place(db, poll, ben)
    web = sign_in(ada)
    assert f"{ben.name} can no longer vote." in web.send(f"/p/{poll.key}/voters/{stance.id}/remove").follow()
    web = sign_in(ben)
    assert "not among those who are asked to vote" in web.get(f"/p/{poll.key}").follow()
    web.send(f"/p/{poll.key}/vote", {}, status=403)
