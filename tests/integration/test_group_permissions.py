"""Who may do what with groups and memberships: role by action, each line from the reference's matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from llmio.core.permissions import Permission as P
from llmio.groups.models import Membership, MembershipRequest, Subscription
from llmio.groups.rules import OFFERED_TOKENS
from tests import factories as make

ROLES = ("nobody", "stranger", "unverified", "parent", "parent_admin", "member", "pending", "revoked", "inviter", "admin",
         "site_admin")  # fmt: skip
ALL = frozenset(ROLES)
SIGNED_IN = ALL - {"nobody"}
VERIFIED = SIGNED_IN - {"unverified"}
IN = frozenset(("member", "pending", "inviter", "admin"))
PARENT = frozenset(("parent", "parent_admin"))


@dataclass
class World:
    people: dict[str, Any]
    group: Any
    parent: Any
    places: dict[str, Membership]


@pytest.fixture
def world(db):
    people = {role: make.user(db, role.title()) for role in ROLES if role != "nobody"}
    people["site_admin"].is_admin = True
    people["unverified"].email_verified = False
    people["nobody"] = None
    parent = make.group(db, "Parent", admin=people["parent_admin"], members=[people["parent"]])
    group = make.group(
        db, "Child", admin=people["admin"], members=[people["member"], people["inviter"]], parent_id=parent.id,
        is_visible_to_public=False,
    )  # fmt: skip
    places = {"pending": make.invitation(db, group, people["pending"], inviter=people["inviter"])}
    places["revoked"] = make.membership(db, group, people["revoked"], revoked_at=make.now())
    rows = {row.user_id: row for row in db.query(Membership).filter(Membership.group_id == group.id)}
    for role in ("member", "inviter", "admin"):
        places[role] = rows[people[role].id]
    return World(people, group, parent, places)


def allowed(world, ctx, permission, subject):
    return {role for role in ROLES if ctx(world.people[role]).can(permission, subject(world))}


def group(world):
    return world.group


def nothing(world):
    return None


def place(role):
    return lambda world: world.places[role]


def request(world):
    return MembershipRequest(group_id=world.group.id, group=world.group, requestor_id=world.people["stranger"].id)


SECRET = [
    (P.GROUP_CREATE, nothing, VERIFIED),
    (P.GROUP_SHOW, group, IN),
    (P.GROUP_SEE_PRIVATE, group, IN),
    (P.GROUP_UPDATE, group, {"admin"}),
    (P.GROUP_ARCHIVE, group, {"admin"}),
    (P.GROUP_INTEGRATIONS, group, {"admin"}),
    (P.GROUP_VIEW_PENDING, group, {"admin"}),
    (P.GROUP_SEE_MEMBERS, group, IN),
    (P.GROUP_ADD_MEMBERS, group, {"admin", "site_admin"}),
    (P.GROUP_MANAGE_REQUESTS, group, {"admin", "site_admin"}),
    (P.GROUP_MANAGE_REQUESTS, request, {"admin", "site_admin"}),
    (P.GROUP_NOTIFY, group, IN),
    (P.GROUP_ADD_GUESTS, group, IN),
    (P.GROUP_JOIN, group, set()),
    (P.GROUP_REQUEST_MEMBERSHIP, group, IN),
    (P.MEMBERSHIP_UPDATE, place("member"), {"member", "admin"}),
    (P.MEMBERSHIP_MAKE_ADMIN, place("member"), {"admin"}),
    (P.MEMBERSHIP_REMOVE_ADMIN, place("admin"), {"admin", "site_admin"}),
    (P.MEMBERSHIP_REMOVE_ADMIN, place("pending"), {"pending", "inviter", "admin", "site_admin"}),
    (P.MEMBERSHIP_RESEND, place("pending"), {"admin"}),
    (P.MEMBERSHIP_RESEND, place("member"), set()),
    (P.MEMBERSHIP_REVOKE, place("member"), {"member", "admin", "site_admin"}),
    (P.MEMBERSHIP_REVOKE, place("pending"), {"pending", "inviter", "admin", "site_admin"}),
]


@pytest.mark.parametrize(("permission", "subject", "roles"), SECRET)
def test_in_a_secret_group_that_people_ask_to_join(world, ctx, permission, subject, roles):
    assert allowed(world, ctx, permission, subject) == roles


SWITCHED = [
    ("members_can_add_members", True, P.GROUP_ADD_MEMBERS, IN | {"site_admin"}),
    ("members_can_add_members", True, P.GROUP_MANAGE_REQUESTS, IN | {"site_admin"}),
    ("members_can_announce", False, P.GROUP_NOTIFY, {"admin"}),
    ("members_can_add_guests", False, P.GROUP_ADD_GUESTS, {"admin"}),
    ("is_visible_to_public", True, P.GROUP_SHOW, ALL),
    ("is_visible_to_public", True, P.GROUP_SEE_PRIVATE, IN),
    ("is_visible_to_public", True, P.GROUP_REQUEST_MEMBERSHIP, SIGNED_IN),
    ("is_visible_to_parent_members", True, P.GROUP_SHOW, IN | PARENT),
    ("is_visible_to_parent_members", True, P.GROUP_SEE_PRIVATE, IN | PARENT),
    ("is_visible_to_parent_members", True, P.GROUP_REQUEST_MEMBERSHIP, IN | PARENT),
    ("is_visible_to_parent_members", True, P.GROUP_JOIN, {"parent_admin"}),
]


@pytest.mark.parametrize(("switch", "value", "permission", "roles"), SWITCHED)
def test_with_a_setting_of_the_group(world, ctx, switch, value, permission, roles):
    setattr(world.group, switch, value)
    assert allowed(world, ctx, permission, group) == roles


def test_an_open_group_is_read_by_all(world, ctx):
    world.group.is_visible_to_public, world.group.discussion_privacy_options = True, "public_only"
    assert allowed(world, ctx, P.GROUP_SEE_PRIVATE, group) == ALL


def test_a_group_that_is_joined_freely(world, ctx):
    world.group.membership_granted_upon = "request"
    assert allowed(world, ctx, P.GROUP_JOIN, group) == IN
    world.group.is_visible_to_public = True
    assert allowed(world, ctx, P.GROUP_JOIN, group) == VERIFIED
    assert allowed(world, ctx, P.GROUP_REQUEST_MEMBERSHIP, group) == set()


@pytest.mark.parametrize("token", ["group", "membership", "other"])
def test_who_holds_a_link_may_see_and_join(world, ctx, token):
    context = ctx(world.people["stranger"])
    offered = {"group": world.group.token, "membership": f"membership:{world.group.id}", "other": "something"}
    context.memo[OFFERED_TOKENS] = frozenset({offered[token]})
    expected = token != "other"
    assert context.can(P.GROUP_SHOW, world.group) == expected
    assert context.can(P.GROUP_JOIN, world.group) == expected
    assert not context.can(P.GROUP_SEE_PRIVATE, world.group)


def test_a_group_without_admin_can_be_led_by_any_member(world, ctx):
    world.places["admin"].admin = False
    assert allowed(world, ctx, P.MEMBERSHIP_MAKE_ADMIN, place("member")) == {"member"}


def test_an_admin_of_the_parent_makes_themselves_admin(world, ctx, db):
    own = make.membership(db, world.group, world.people["parent_admin"])
    assert allowed(world, ctx, P.MEMBERSHIP_MAKE_ADMIN, lambda _world: own) == {"admin", "parent_admin"}


def test_without_a_plan_in_force_no_guests_are_added(world, ctx, db):
    world.group.subscription_id = make.add(db, Subscription(plan="free", state="expired")).id
    assert allowed(world, ctx, P.GROUP_ADD_GUESTS, group) == set()


@pytest.mark.parametrize(
    "permission", [P.GROUP_SHOW, P.GROUP_SEE_PRIVATE, P.GROUP_UPDATE, P.GROUP_JOIN, P.GROUP_REQUEST_MEMBERSHIP]
)
def test_an_archived_group_is_closed_to_all(world, ctx, permission):
    world.group.archived_at = make.now()
    assert allowed(world, ctx, permission, group) == set()
