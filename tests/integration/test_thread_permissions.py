"""Who may do what with threads, comments and reactions: role by action, each line from the reference's matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from llmio.core.permissions import Permission as P
from tests import factories as make

ROLES = ("nobody", "stranger", "unverified", "parent", "member", "pending", "revoked", "author", "admin", "guest",
         "former_guest", "thread_admin", "site_admin")  # fmt: skip
IN = frozenset(("member", "pending", "author", "admin"))
SIGNED_IN = frozenset(ROLES) - {"nobody"}
THREAD = IN | {"guest", "thread_admin"}
SEES = IN | {"guest", "thread_admin"}
LEADS = frozenset(("admin", "thread_admin"))


@dataclass
class World:
    people: dict[str, Any]
    group: Any
    thread: Any
    comment: Any
    places: Any


@pytest.fixture
def world(db):
    people = {role: make.user(db, role.title()) for role in ROLES if role != "nobody"}
    people["site_admin"].is_admin = True
    people["unverified"].email_verified = False
    people["nobody"] = None
    parent = make.group(db, "Parent", members=[people["parent"]])
    group = make.group(
        db, "Child", admin=people["admin"], members=[people["member"], people["author"]], parent_id=parent.id,
        is_visible_to_public=False,
    )  # fmt: skip
    make.invitation(db, group, people["pending"], inviter=people["admin"])
    make.membership(db, group, people["revoked"], revoked_at=make.now())
    thread = make.discussion(db, group, author=people["author"])
    places = {"guest": make.reader(db, thread, people["guest"], guest=True)}
    places["member"] = make.reader(db, thread, people["member"])
    make.reader(db, thread, people["former_guest"], guest=True, revoked_at=make.now())
    make.reader(db, thread, people["thread_admin"], guest=True, admin=True)
    comment = make.comment(db, thread, author=people["author"])
    return World(people, group, thread, comment, places)


def allowed(world, ctx, permission, subject):
    return {role for role in ROLES if ctx(world.people[role]).can(permission, subject(world))}


def thread(world):
    return world.thread


def comment(world):
    return world.comment


def group(world):
    return world.group


def reacted(world):
    return ("Comment", world.comment.id)


def guest_place(world):
    return world.places["guest"]


def member_place(world):
    return world.places["member"]


EDITORS = LEADS | {"author", "member", "pending"}
NORMAL = [
    (P.DISCUSSION_CREATE, group, IN),
    (P.DISCUSSION_SHOW, thread, SEES),
    (P.DISCUSSION_MARK_READ, thread, SEES),
    (P.DISCUSSION_UPDATE, thread, EDITORS),
    (P.DISCUSSION_CLOSE, thread, EDITORS),
    (P.DISCUSSION_PIN, thread, EDITORS),
    (P.EVENT_PIN, thread, EDITORS),
    (P.READER_MAKE_ADMIN, guest_place, LEADS),
    (P.READER_REMOVE_ADMIN, guest_place, LEADS),
    (P.READER_RESEND, guest_place, LEADS),
    (P.READER_REMOVE, guest_place, LEADS),
    (P.READER_REMOVE, member_place, set()),
    (P.DISCUSSION_DISCARD, thread, LEADS | {"author"}),
    (P.DISCUSSION_ANNOUNCE, thread, IN),
    (P.DISCUSSION_ADD_GUESTS, thread, IN),
    (P.DISCUSSION_SET_VOLUME, thread, THREAD),
    (P.COMMENT_CREATE, thread, THREAD),
    (P.COMMENT_SHOW, comment, SEES),
    (P.COMMENT_UPDATE, comment, LEADS | {"author"}),
    (P.COMMENT_DISCARD, comment, LEADS | {"author"}),
    (P.COMMENT_DESTROY, comment, LEADS | {"author"}),
    (P.REACTION_CREATE, reacted, SEES),
]


@pytest.mark.parametrize(("permission", "subject", "roles"), NORMAL)
def test_in_a_hidden_subgroup(world, ctx, permission, subject, roles):
    assert allowed(world, ctx, permission, subject) == roles


SWITCHED = [
    ("members_can_start_discussions", P.DISCUSSION_CREATE, group, {"admin"}),
    ("members_can_edit_discussions", P.DISCUSSION_UPDATE, thread, LEADS | {"author"}),
    ("members_can_announce", P.DISCUSSION_ANNOUNCE, thread, {"admin"}),
    ("members_can_add_guests", P.DISCUSSION_ADD_GUESTS, thread, {"admin"}),
    ("members_can_edit_comments", P.COMMENT_UPDATE, comment, LEADS),
    ("admins_can_edit_user_content", P.COMMENT_UPDATE, comment, {"author"}),
    ("members_can_delete_comments", P.COMMENT_DESTROY, comment, LEADS),
]


@pytest.mark.parametrize(("switch", "permission", "subject", "roles"), SWITCHED)
def test_with_a_switch_of_the_group_off(world, ctx, switch, permission, subject, roles):
    setattr(world.group, switch, False)
    assert allowed(world, ctx, permission, subject) == roles


def test_where_the_plan_lets_no_guests_in_nobody_invites_them(world, ctx, db):
    from llmio.groups.models import Subscription

    plan = make.add(db, Subscription(plan="free", state="active", allow_guests=False))
    world.group.subscription_id = plan.id
    assert allowed(world, ctx, P.DISCUSSION_ADD_GUESTS, thread) == set()


def test_a_public_thread_is_read_by_all_and_written_by_members(world, ctx):
    world.thread.private = False
    assert allowed(world, ctx, P.DISCUSSION_SHOW, thread) == set(ROLES)
    assert allowed(world, ctx, P.DISCUSSION_MARK_READ, thread) == SIGNED_IN
    assert allowed(world, ctx, P.REACTION_CREATE, reacted) == SIGNED_IN
    assert allowed(world, ctx, P.COMMENT_CREATE, thread) == THREAD


def test_members_of_the_parent_where_the_subgroup_lets_them(world, ctx):
    world.group.parent_members_can_see_discussions = True
    assert allowed(world, ctx, P.DISCUSSION_SHOW, thread) == SEES | {"parent"}
    assert allowed(world, ctx, P.COMMENT_CREATE, thread) == THREAD


WORDS = (P.COMMENT_CREATE, P.COMMENT_UPDATE, P.COMMENT_DISCARD, P.COMMENT_DESTROY)


@pytest.mark.parametrize("permission", WORDS)
def test_a_closed_thread_takes_no_words(world, ctx, permission):
    world.thread.closed_at = make.now()
    subject = thread if permission == P.COMMENT_CREATE else comment
    assert allowed(world, ctx, permission, subject) == set()
    assert allowed(world, ctx, P.DISCUSSION_SHOW, thread) == SEES
    assert allowed(world, ctx, P.DISCUSSION_CLOSE, thread) == EDITORS


@pytest.mark.parametrize(
    ("permission", "subject"), [(line[0], line[1]) for line in NORMAL if line[0] != P.DISCUSSION_CREATE]
)
def test_a_deleted_thread_is_closed_to_all(world, ctx, permission, subject):
    world.thread.discarded_at = make.now()
    assert allowed(world, ctx, permission, subject) == set()


def test_an_archived_group_is_closed_to_all(world, ctx):
    world.group.archived_at = make.now()
    assert allowed(world, ctx, P.DISCUSSION_SHOW, thread) == set()
    assert allowed(world, ctx, P.DISCUSSION_CREATE, group) == set()


def test_an_unverified_member_starts_nothing(world, ctx, db):
    make.membership(db, world.group, world.people["unverified"])
    assert "unverified" not in allowed(world, ctx, P.DISCUSSION_CREATE, group)


def test_an_answered_comment_stays(world, ctx, db):
    make.comment(db, world.thread, author=world.people["member"], parent=world.comment)
    assert allowed(world, ctx, P.COMMENT_DESTROY, comment) == set()
    assert allowed(world, ctx, P.COMMENT_DISCARD, comment) == LEADS | {"author"}


def test_a_removed_comment_cannot_be_reacted_to(world, ctx):
    world.comment.discarded_at = make.now()
    assert allowed(world, ctx, P.REACTION_CREATE, reacted) == set()


def test_rights_shown_beside_comments_are_the_rules(world, ctx):
    """Pages ask once for all comments; what they offer must be what the rules allow."""
    from llmio.discussions import timeline

    for role in ROLES:
        context = ctx(world.people[role])
        view = timeline.load_comments(context, [world.comment.id]).get(world.comment.id)
        assert (view is not None) == context.can(P.COMMENT_SHOW, world.comment), role
        if view is not None:
            assert view.can_edit == context.can(P.COMMENT_UPDATE, world.comment), role
            assert view.can_discard == context.can(P.COMMENT_DISCARD, world.comment), role
            assert view.can_destroy == context.can(P.COMMENT_DESTROY, world.comment), role
            assert view.rights.pin == context.can(P.EVENT_PIN, world.thread), role
            assert view.rights.reply == context.can(P.COMMENT_CREATE, world.thread), role
            assert view.rights.react == context.can(P.REACTION_CREATE, ("Comment", world.comment.id)), role
