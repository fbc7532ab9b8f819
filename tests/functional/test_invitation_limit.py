"""How many invitations one person may send in a day: counted in Redis, by people who get one, told at the field."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from redis import Redis
from sqlalchemy import func, select

from llmio.accounts.models import User
from llmio.groups.models import Membership, Subscription
from tests import factories as make

pytestmark = pytest.mark.usefixtures("middle_of_an_hour")
JSON = {"Accept": "application/json"}


def addresses(*names):
    return ", ".join(f"{name}@example.org" for name in names)


@pytest.fixture
def ada(db):
    return make.user(db, "Ada")


@pytest.fixture
def group(db, ada):
    return make.group(db, admin=ada, members_can_add_guests=True)


@pytest.fixture
def counted(app, ada):
    """The counter, as other programs read it."""
    return lambda: int(app.redis.get(f"THROTTLE-DAY-UserInviterInvitations-{ada.id}") or 0)


def plan(db, group, name):
    group.subscription = Subscription(plan=name) if name else None
    db.flush()


def doors(db, ada, group):
    """Every door by which an address gets an invitation: path → what is sent beside the addresses."""
    thread = make.discussion(db, group, author=ada)
    poll = make.poll(db, discussion=thread, author=ada)
    decided = make.poll(db, discussion=thread, author=ada, closed_at=make.now())
    outcome = make.outcome(db, decided, author=ada)
    return {
        f"/g/{group.key}/invite": {},
        f"/d/{thread.key}/people": {},
        f"/p/{poll.key}/voters": {"notify": "1"},
        f"/outcomes/{outcome.id}/share": {"who": "chosen"},
    }


def test_who_gets_an_invitation_is_counted_once_by_every_door(db, web, ada, group, counted, with_settings):
    with_settings(limits__invitations_paid=9)
    web.sign_in(ada)
    for number, (path, more) in enumerate(doors(db, ada, group).items()):
        names = addresses(f"one{number}", f"two{number}")
        web.send(path, {"emails": names, **more}, status=303)
        assert counted() == 2 * (number + 1), path
        if number < 3:  # again: nobody new, so nothing counts (of an outcome it is refused)
            web.send(path, {"emails": names, **more}, status=303)
            assert counted() == 2 * (number + 1), path
    waiting = db.scalars(select(Membership).where(Membership.accepted_at.is_(None))).first()
    web.send(f"/memberships/{waiting.id}/resend", status=303)
    assert counted() == 9
    for path, more in doors(db, ada, group).items():
        refused = web.send(path, {"emails": addresses("late"), "message": "Come in", **more}, status=429)
        assert refused.html.select_one("textarea[name=emails]").text.strip() == addresses("late"), path
        assert "9 invitations of today are used up" in refused.html.select_one("#field-emails-error").text, path
    web.send(f"/memberships/{waiting.id}/resend", status=429)
    assert counted() == 9
    assert db.scalar(select(func.count()).where(User.email == "late@example.org")) == 0


def test_a_refusal_says_what_is_left_and_when_it_begins_anew(web, db, ada, group, counted, with_settings, clock):
    clock.set(datetime(2027, 3, 1, 20, 0, tzinfo=UTC))
    ada.time_zone = "Europe/Berlin"
    with_settings(limits__invitations_paid=3)
    web.sign_in(ada)
    web.send(f"/g/{group.key}/invite", {"emails": addresses("a", "b")}, status=303)
    refused = web.send(f"/g/{group.key}/invite", {"emails": addresses("c", "d"), "message": "Hello"}, status=429)
    assert "You can send 1 more invitation today, and this would be 2" in refused.text
    assert "01:00" in refused.text, "midnight of UTC, as the clock on the wall in Berlin says it"
    assert refused.html.select_one("textarea[name=message]").text.strip() == "Hello"
    assert 0 < int(refused.headers["Retry-After"]) <= 4 * 3600 + 1
    asked = web.send(f"/g/{group.key}/invite", {"emails": addresses("c", "d")}, headers=JSON, status=429)
    assert list(asked.json["errors"]) == ["emails"]
    assert asked.headers["Retry-After"] == refused.headers["Retry-After"]
    assert counted() == 2
    web.send(f"/g/{group.key}/invite", {"emails": addresses("c")}, status=303)


def test_the_counter_ends_with_the_day(app, web, ada, group, with_settings, clock):
    clock.set(datetime(2027, 3, 1, 22, 0, tzinfo=UTC))
    with_settings(limits__invitations_paid=1)
    web.sign_in(ada).send(f"/g/{group.key}/invite", {"emails": addresses("a")}, status=303)
    key = f"THROTTLE-DAY-UserInviterInvitations-{ada.id}"
    assert 7000 <= app.redis.ttl(key) <= 7200
    app.redis.delete(key)
    web.send(f"/g/{group.key}/invite", {"emails": addresses("b")}, status=303)


def test_what_was_not_sent_is_not_counted(web, ada, group, counted):
    web.sign_in(ada)
    web.send(f"/g/{group.key}/invite", {"emails": "no address"}, status=422)
    web.send(f"/g/{group.key}/invite", {"emails": addresses("a"), "message": "x" * 100_000}, status=422)
    assert counted() == 0


@pytest.mark.parametrize(
    ("plans", "most"),
    [([None], 4), (["free"], 4), (["trial"], 2), (["demo"], 2), (["trial", "pp-pro"], 4), ([], 2)],
)
def test_the_plans_of_ones_groups_say_which_limit_holds(db, web, ada, counted, with_settings, plans, most):
    """Trial: of no group at all, or of groups on trial alone."""
    with_settings(limits__invitations_paid=4, limits__invitations_trial=2)
    for name in plans:
        one = make.group(db, admin=ada)
        plan(db, one, name)
    thread = make.discussion(db, author=ada, group_id=None)
    make.reader(db, thread, ada, admin=True, guest=True)
    web.sign_in(ada)
    path = f"/d/{thread.key}/people"
    web.send(path, {"emails": addresses(*"abcd"[:most])}, status=303)
    web.send(path, {"emails": addresses("e")}, status=429)
    assert counted() == most


def test_a_subgroup_has_the_plan_of_its_parent(db, web, ada, group, with_settings):
    with_settings(limits__invitations_paid=2, limits__invitations_trial=1)
    plan(db, group, "trial")
    child = make.group(db, admin=ada, parent_id=group.id)
    web.sign_in(ada)
    web.send(f"/g/{child.key}/invite", {"emails": addresses("a", "b")}, status=429)


def test_an_override_wins_over_both(db, web, ada, group, with_settings):
    with_settings(limits__invitations=1)
    web.sign_in(ada)
    web.send(f"/g/{group.key}/invite", {"emails": addresses("a", "b")}, status=429)
    web.send(f"/g/{group.key}/invite", {"emails": addresses("a")}, status=303)
    with_settings(limits__invitations=0)
    said = web.send(f"/g/{group.key}/invite", {"emails": addresses("b")}, status=429)
    assert "No invitations can be sent by mail here" in said.text


def test_people_are_counted_each_for_themselves_whatever_their_address(db, web, ada, group, with_settings):
    with_settings(limits__invitations_paid=1)
    mel = make.user(db, "Mel")
    make.membership(db, group, mel, admin=True)
    web.sign_in(ada).send(f"/g/{group.key}/invite", {"emails": addresses("a")}, status=303)
    web.send(f"/g/{group.key}/invite", {"emails": addresses("b")}, status=429)
    web.sign_in(mel).send(f"/g/{group.key}/invite", {"emails": addresses("b")}, status=303)


def test_nobody_is_refused_while_redis_is_away(app, web, ada, group, with_settings, monkeypatch, caplog):
    with_settings(limits__invitations_paid=1)
    web.sign_in(ada)
    monkeypatch.setattr(app, "redis", Redis(port=1, socket_connect_timeout=0.1, retry=None))
    web.send(f"/g/{group.key}/invite", {"emails": addresses("a", "b")}, status=303)
    assert "cannot count UserInviterInvitations" in caplog.text
