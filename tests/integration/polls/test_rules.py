"""Who may do what: the matrix of the reference, each right with those who have it and those who have not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from llmio.accounts.models import User
from llmio.core.permissions import Permission
from llmio.polls import service
from llmio.polls.rules import Place

ROLES = (
    "nobody",
    "stranger",
    "unverified",
    "member",
    "author",
    "admin",
    "guest",
    "thread_guest",
    "thread_admin",
    "site_admin",
)


@pytest.fixture
def cast(make, ctx, start):
    """`cast(setting=…)`: a group, its thread, a poll of it, and somebody in each role."""

    def made(*, in_thread=True, thread=None, poll=None, **group_settings):
        people = {
            role: make.user(role) for role in ("admin", "author", "member", "stranger", "thread_admin", "thread_guest")
        }
        people["site_admin"] = make.admin_of_site()
        people["unverified"] = make.user("unverified", email_verified=False)
        insiders = [people["author"], people["member"], people["thread_admin"]]
        group = make.group(admin=people["admin"], members=insiders)
        discussion = make.discussion(group, author=people["admin"]) if in_thread else None
        if discussion:
            make.reader(discussion, people["thread_guest"], guest=True)
            make.reader(discussion, people["thread_admin"], admin=True)
        found = start(people["author"], group=group, discussion=discussion, **(poll or {}))
        guests = service.add_voters(ctx(people["admin"]), found, emails=["guest@example.org"])
        people["guest"] = ctx().db.get(User, guests[0])
        for name, value in group_settings.items():
            setattr(group, name, value)
        for name, value in (thread or {}).items():
            setattr(discussion, name, value)
        return people | {"nobody": None}, found, group, discussion

    return made


def those_who(ctx, people, permission, subject):
    return {role for role in ROLES if ctx(people[role]).can(permission, subject)}


IN_GROUP = {"member", "author", "admin", "thread_admin"}
LEADERS = {"author", "admin", "thread_admin"}


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        (Permission.POLL_SHOW, IN_GROUP | {"guest", "thread_guest"}),
        (Permission.POLL_VOTE, IN_GROUP | {"guest", "thread_guest"}),
        (Permission.POLL_UPDATE, LEADERS),
        (Permission.POLL_DISCARD, LEADERS),
        (Permission.POLL_CLOSE, LEADERS),
        (Permission.POLL_REOPEN, set()),
        (Permission.POLL_REMIND, LEADERS),
        (Permission.POLL_ANNOUNCE, LEADERS),
        (Permission.POLL_ADD_VOTERS, LEADERS),
        (Permission.STANCE_MAKE_ADMIN, LEADERS),
        (Permission.STANCE_REMOVE_ADMIN, LEADERS),
        (Permission.POLL_ADD_GUESTS, LEADERS),
        (Permission.POLL_EXPORT, IN_GROUP | {"guest", "thread_guest"}),
        (Permission.POLL_RECEIPTS, IN_GROUP | {"guest", "thread_guest"}),
        (Permission.OUTCOME_CREATE, set()),
    ],
)
def test_an_open_poll(ctx, cast, permission, allowed):
    people, poll, _group, _discussion = cast()
    assert those_who(ctx, people, permission, poll) == allowed


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        (Permission.POLL_VOTE, set()),
        (Permission.POLL_UPDATE, set()),
        (Permission.POLL_CLOSE, set()),
        (Permission.POLL_DISCARD, LEADERS),
        (Permission.POLL_REOPEN, LEADERS),
        (Permission.OUTCOME_CREATE, IN_GROUP | {"guest", "thread_guest"}),
        (Permission.POLL_SHOW, IN_GROUP | {"guest", "thread_guest"}),
    ],
)
def test_a_closed_poll(ctx, cast, permission, allowed):
    people, poll, _group, _discussion = cast()
    service.close_poll(ctx(people["admin"]), poll)
    assert those_who(ctx, people, permission, poll) == allowed


@pytest.mark.parametrize(
    ("setting", "permission", "closed", "without"),
    [
        ("members_can_announce", Permission.POLL_REMIND, False, {"admin"}),
        ("members_can_add_guests", Permission.POLL_ADD_GUESTS, False, {"admin"}),
        ("members_can_edit_discussions", Permission.OUTCOME_CREATE, True, LEADERS),
    ],
)
def test_a_switch_of_the_group_takes_a_right_from_members(ctx, cast, setting, permission, closed, without):
    people, poll, _group, _discussion = cast(**{setting: False})
    if closed:
        service.close_poll(ctx(people["admin"]), poll)
    assert those_who(ctx, people, permission, poll) == without


def test_starting_a_poll_in_a_group(ctx, cast):
    people, _poll, group, discussion = cast()
    assert those_who(ctx, people, Permission.POLL_CREATE, group) == IN_GROUP
    assert those_who(ctx, people, Permission.POLL_CREATE, discussion) == IN_GROUP | {"guest", "thread_guest"}
    group.members_can_raise_motions = False
    assert those_who(ctx, people, Permission.POLL_CREATE, group) == {"admin"}
    assert those_who(ctx, people, Permission.POLL_CREATE, discussion) == {"admin"}


def test_starting_a_poll_nowhere_takes_a_verified_address(ctx, cast):
    people, _poll, _group, _discussion = cast()
    assert those_who(ctx, people, Permission.POLL_CREATE, Place()) == set(ROLES) - {"nobody", "unverified", "guest"}


def test_a_closed_thread_holds_everything_still(ctx, cast, clock):
    people, poll, _group, discussion = cast(thread={"closed_at": clock.now()})
    for permission in (Permission.POLL_UPDATE, Permission.POLL_DISCARD):
        assert those_who(ctx, people, permission, poll) == set()
    assert those_who(ctx, people, Permission.POLL_CREATE, discussion) == set()
    assert those_who(ctx, people, Permission.POLL_VOTE, poll) == IN_GROUP | {"guest", "thread_guest"}


def test_an_author_who_left_the_group_leads_no_more(ctx, cast, db):
    people, poll, group, _discussion = cast()
    from llmio.groups import membership
    from llmio.groups import queries as groups

    membership.revoke(ctx(people["author"]), groups.membership_of(ctx(), group.id, people["author"].id))
    assert not ctx(people["author"]).can(Permission.POLL_UPDATE, poll)


def test_a_poll_of_an_open_group_is_for_all_to_see(ctx, cast):
    people, poll, _group, _discussion = cast(is_visible_to_public=True, discussion_privacy_options="public_only")
    assert those_who(ctx, people, Permission.POLL_SHOW, poll) == set(ROLES)
    assert "stranger" not in those_who(ctx, people, Permission.POLL_VOTE, poll)


def test_a_poll_for_chosen_people_is_voted_in_by_them_alone(ctx, cast):
    people, poll, _group, _discussion = cast(poll={"specified_voters_only": True})
    assert those_who(ctx, people, Permission.POLL_VOTE, poll) == {"guest"}


def test_an_anonymous_poll_is_never_opened_again(ctx, cast):
    people, poll, _group, _discussion = cast(poll={"anonymous": True})
    service.close_poll(ctx(people["admin"]), poll)
    assert those_who(ctx, people, Permission.POLL_REOPEN, poll) == set()


def test_a_lapsed_poll_takes_no_votes_even_before_it_is_closed(ctx, cast, clock):
    people, poll, _group, _discussion = cast()
    clock.set(poll.closing_at + timedelta(seconds=1))
    assert those_who(ctx, people, Permission.POLL_VOTE, poll) == set()


def test_a_vote_is_changed_by_its_voter_alone(ctx, cast, vote):
    people, poll, _group, _discussion = cast()
    stance = vote(people["member"], poll)
    assert those_who(ctx, people, Permission.STANCE_UPDATE, stance) == {"member"}
    assert those_who(ctx, people, Permission.STANCE_UNCAST, stance) == {"member"}
    stance.cast_at = None
    assert those_who(ctx, people, Permission.STANCE_UNCAST, stance) == set()


def test_a_plan_without_guests_lets_nobody_ask_them(ctx, cast, db):
    people, poll, group, _discussion = cast()
    group.subscription.allow_guests = False
    assert those_who(ctx, people, Permission.POLL_ADD_GUESTS, poll) == set()
