"""Guests of a poll: they come by a mail, see that poll alone, and vote."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.polls import cards, service
from llmio.polls.models import PollOption, Stance


@pytest.fixture
def invited(ctx, start, ada, group, db):
    """(poll, the invitation of a guest by address)."""
    poll = start(ada, group=group)
    (guest,) = service.add_voters(ctx(ada), poll, emails=["guest@example.org"])
    return poll, db.scalars(select(Stance).where(Stance.participant_id == guest)).one()


def test_the_link_shows_the_poll_and_asks_to_sign_in(web, invited):
    poll, stance = invited
    page = web.get(f"/p/{poll.key}?stance_token={stance.token}").follow()
    assert "Sign in to vote" in page
    assert f"stance_token%3D{stance.token}" in page
    assert page.html.find("form", id=f"poll-{poll.id}-ballot-form") is None
    web.get(f"/p/{poll.key}/votes?offset=0", status=303)


@pytest.mark.parametrize("token", ["", "wrong", "x' OR 1=1"])
def test_no_other_token_opens_it(web, invited, token):
    poll, _stance = invited
    assert "/sign_in" in web.get(cards.path_of(poll), {"stance_token": token}, status=303).location


def test_an_invitation_is_taken_under_another_address(make, sign_in, invited, db):
    poll, stance = invited
    me = make.user()
    web = sign_in(me)
    web.get(f"/p/{poll.key}?stance_token={stance.token}").follow()
    agree = db.scalars(select(PollOption).where(PollOption.poll_id == poll.id)).first()
    web.send(f"/p/{poll.key}/vote", {"option": agree.id}, status=303)
    db.refresh(stance)
    assert (stance.participant_id, stance.cast_at is not None) == (me.id, True)


def test_an_invitation_is_taken_once(make, sign_in, invited, db, new_browser):
    poll, stance = invited
    sign_in(make.user()).get(f"/p/{poll.key}?stance_token={stance.token}").follow()
    holder = db.scalar(select(Stance.participant_id).where(Stance.id == stance.id))
    second = new_browser().sign_in(make.user())
    second.get(cards.path_of(poll), {"stance_token": stance.token})
    db.expire_all()
    assert db.scalar(select(Stance.participant_id).where(Stance.id == stance.id)) == holder
    second.get(cards.path_of(poll), status=404)


def test_a_member_who_follows_a_guests_link_keeps_their_own_place(sign_in, ben, invited, db):
    poll, stance = invited
    guest = stance.participant_id
    sign_in(ben).get(cards.path_of(poll), {"stance_token": stance.token})
    db.expire_all()
    assert db.get_one(Stance, stance.id).participant_id == guest


def test_a_guest_sees_nothing_else_of_the_group(make, sign_in, invited, group):
    poll, stance = invited
    web = sign_in(make.user())
    web.get(f"/p/{poll.key}?stance_token={stance.token}").follow()
    web.get(cards.path_of(poll), status=200)
    assert poll.title not in web.get(f"/g/{group.key}", status="*")
