"""URL → the group, membership or invitation it names; 404 where there is none the actor may know of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from llmio.core.context import Context
from llmio.core.errors import NotFound, SignInNeeded
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups import queries
from llmio.groups.models import Group, Membership, MembershipRequest
from llmio.groups.rules import OFFERED_TOKENS


def group(request: Any) -> Group:
    """`/g/{key}…`."""
    return known(request.ctx, queries.by_key(request.ctx, request.matchdict["key"]))


def group_by_handle(request: Any) -> Group:
    """`/{handle}`."""
    return known(request.ctx, queries.by_handle(request.ctx, request.matchdict["handle"]))


def known(ctx: Context, found: Group | None) -> Group:
    """The group, if the actor may know that it exists.

    A signed-out visitor is asked to sign in for a missing group as for a secret one, so that the answer tells nothing.
    """
    if found is not None and ctx.can(Permission.GROUP_SHOW, found):
        return found
    if ctx.actor is None:
        raise SignInNeeded(_("Please sign in first."))
    raise NotFound(_("There is no such group, or it is not for you to see."))


def group_by_token(request: Any) -> Group:
    """`/join/group/{token}`: the link that a group hands around."""
    token = request.matchdict["token"]
    request.ctx.memo[OFFERED_TOKENS] = frozenset({token})
    found = request.ctx.db.scalars(select(Group).where(Group.token == token, Group.archived_at.is_(None))).one_or_none()
    if found is None:
        raise NotFound(_("This link is no longer in use. Ask the group for a new one."))
    return found


def membership(request: Any) -> Membership:
    """`/memberships/{id}…`: for those who may see the group."""
    query = (
        select(Membership)
        .options(joinedload(Membership.group), joinedload(Membership.user))
        .where(Membership.id == int(request.matchdict["id"]), Membership.revoked_at.is_(None))
    )
    found = request.ctx.db.scalars(query).one_or_none()
    if found is None or found.group.archived_at or not request.ctx.can(Permission.GROUP_SHOW, found.group):
        raise NotFound(_("There is no such member."))
    return found


def request_to_join(request: Any) -> MembershipRequest:
    """`/membership_requests/{id}…`."""
    query = (
        select(MembershipRequest)
        .options(joinedload(MembershipRequest.group), joinedload(MembershipRequest.requestor))
        .where(MembershipRequest.id == int(request.matchdict["id"]))
    )
    found = request.ctx.db.scalars(query).one_or_none()
    if found is None or not request.ctx.can(Permission.GROUP_MANAGE_REQUESTS, found.group):
        raise NotFound(_("There is no such request."))
    return found


def invitation(request: Any) -> Membership:
    """`/invitations/{token}`: whoever holds the token may see the group's name."""
    query = (
        select(Membership)
        .options(joinedload(Membership.group), joinedload(Membership.user), joinedload(Membership.inviter))
        .where(Membership.token == request.matchdict["token"])
    )
    found = request.ctx.db.scalars(query).one_or_none()
    if found is None or found.revoked_at is not None or found.group.archived_at is not None:
        raise NotFound(_("This invitation is no longer valid. Ask the person who sent it for a new one."))
    request.ctx.memo[OFFERED_TOKENS] = frozenset({f"membership:{found.group_id}"})
    return found
