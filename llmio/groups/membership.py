"""Acts on memberships: invite, accept, join, ask, lead, leave."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from llmio.accounts import service as accounts
from llmio.accounts.models import User
from llmio.core import audit
from llmio.core.errors import Conflict, Invalid, NotAllowed
from llmio.core.events import Audience
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups import invitation_limit, kinds, queries, subgroups
from llmio.groups.forms import MAX_INVITED
from llmio.groups.models import DEMO, Group, Membership, MembershipRequest
from llmio.groups.pasted import read_addresses

if TYPE_CHECKING:
    from llmio.core.context import Context


def invite(
    ctx: Context, group: Group, *, emails: str = "", user_ids: Sequence[int] = (), message: str = ""
) -> list[Membership]:
    """Invite people by address, to a subgroup also members of its parent by id; returns the new (or renewed) memberships.

    Who is a member already, or has an invitation waiting, is left alone. Raises Invalid, naming them, when addresses
    cannot be read: nothing is sent then.
    """
    ctx.require(Permission.GROUP_ADD_MEMBERS, group)
    users = subgroups.among(ctx, group, user_ids)
    if emails.strip():
        users += accounts.find_or_invite_all(ctx, read_addresses(emails, at_most=MAX_INVITED)).values()
    if not users:
        raise Invalid.at("emails", _("Ask somebody: by an address, or by name where names are offered."))
    return invite_users(ctx, group, users, message=message)


def invite_users(ctx: Context, group: Group, users: Sequence[User], *, message: str = "") -> list[Membership]:
    """Invite known users (see `invite`)."""
    ctx.require(Permission.GROUP_ADD_MEMBERS, group)
    wanted = [user.id for user in users]
    existing = {
        row.user_id: row
        for row in ctx.db.scalars(
            select(Membership).where(Membership.group_id == group.id, Membership.user_id.in_(wanted)).with_for_update()
        )
    }
    made = []
    for user in users:
        row = existing.get(user.id)
        if row is not None and row.revoked_at is None:
            continue
        if row is None:
            row = Membership(
                group_id=group.id, user_id=user.id, created_at=ctx.now, volume=user.default_membership_volume
            )
            ctx.db.add(row)
        row.revoked_at = row.revoker_id = row.accepted_at = None
        row.admin = False
        row.inviter_id = ctx.actor_id
        row.token = secrets.token_urlsafe(20)
        made.append(row)
    if not made:
        return []
    invitation_limit.count(ctx, len(made))
    ctx.db.flush()
    recount(ctx, group)
    audience = Audience([row.user_id for row in made if row.user_id], message=message or None)
    ctx.publish(kinds.MEMBERSHIP_CREATED, group, audience=audience, custom={"membership_ids": [row.id for row in made]})
    return made


def resend(ctx: Context, membership: Membership) -> Membership:
    """Send a waiting invitation again."""
    ctx.require(Permission.MEMBERSHIP_RESEND, membership)
    invitation_limit.count(ctx, 1)
    audience = Audience([membership.user_id] if membership.user_id else [])
    ctx.publish(kinds.MEMBERSHIP_RESENT, membership.group, audience=audience, custom={"membership_id": membership.id})
    return membership


def accept(ctx: Context, membership: Membership) -> Membership:
    """The actor takes an invitation, also one sent to another address of theirs."""
    me = ctx.signed_in()
    if membership.revoked_at is not None:
        raise Conflict(_("This invitation was withdrawn. Ask the person who sent it for a new one."))
    if membership.accepted_at is not None:
        if membership.user_id == me.id:
            return membership
        raise Conflict(_("This invitation was used already. Ask for one of your own."))
    mine = _own(ctx, membership.group_id, me.id)
    if mine is not None and mine.id != membership.id:
        membership.revoked_at = ctx.now
        membership = mine
    if membership.user_id != me.id:
        invited = ctx.db.get_one(User, membership.user_id)
        if invited.email_verified:
            raise NotAllowed(_("This invitation is for someone else. Sign in with the address it was sent to."))
        membership.user_id = me.id
    return _accepted(ctx, membership)


def _own(ctx: Context, group_id: int | None, user_id: int) -> Membership | None:
    query = select(Membership).where(Membership.group_id == group_id, Membership.user_id == user_id)
    return ctx.db.scalars(query.with_for_update()).one_or_none()


def _accepted(ctx: Context, membership: Membership) -> Membership:
    if membership.accepted_at is not None and membership.revoked_at is None:
        return membership
    membership.accepted_at = ctx.now
    membership.revoked_at = membership.revoker_id = None
    ctx.db.flush()
    queries.forget(ctx)
    recount(ctx, membership.group)
    audience = Audience([membership.inviter_id] if membership.inviter_id else [])
    ctx.publish(kinds.INVITATION_ACCEPTED, membership, audience=audience)
    ctx.changed(membership)
    ctx.saw({"Group": [membership.group.id]})
    return membership


def join(ctx: Context, group: Group) -> Membership:
    """Join a group that lets anyone in, or by its join link."""
    me = ctx.signed_in()
    mine = _own(ctx, group.id, me.id)
    if mine is not None and mine.revoked_at is None:
        return _accepted(ctx, mine)
    ctx.require(Permission.GROUP_JOIN, group)
    membership = _renew(ctx, group, me.id, mine)
    ctx.publish(kinds.USER_JOINED_GROUP, membership)
    ctx.changed(membership)
    return membership


def join_demo(ctx: Context, user: User) -> None:
    """Whoever sets the site up is an admin of the demo's groups, and so finds on the dashboard what there is to try."""
    for group in ctx.db.scalars(
        select(Group).where(Group.info.contains({DEMO: True}), Group.archived_at.is_(None))
    ).all():
        membership = _renew(ctx, group, user.id, _own(ctx, group.id, user.id))
        membership.admin = True
        ctx.db.flush()
        recount(ctx, group)
        ctx.changed(membership)


def _renew(ctx: Context, group: Group, user_id: int, row: Membership | None) -> Membership:
    if row is None:
        row = Membership(group_id=group.id, user_id=user_id, created_at=ctx.now, volume=2)
        ctx.db.add(row)
    row.revoked_at = row.revoker_id = None
    row.accepted_at = ctx.now
    row.admin = False
    ctx.db.flush()
    queries.forget(ctx)
    recount(ctx, group)
    return row


def request_membership(ctx: Context, group: Group, *, introduction: str = "") -> MembershipRequest:
    """Ask to join; one request waits at a time."""
    ctx.require(Permission.GROUP_REQUEST_MEMBERSHIP, group)
    me = ctx.signed_in()
    if queries.membership_of(ctx, group.id):
        raise Conflict(_("You are a member of this group already."))
    if queries.waiting_request(ctx, group) is not None:
        raise Conflict(_("You have asked already. The admins of the group will answer."))
    request = MembershipRequest(
        group_id=group.id, requestor_id=me.id, name=me.name, email=me.email, introduction=introduction
    )
    ctx.db.add(request)
    ctx.db.flush()
    ctx.publish(kinds.MEMBERSHIP_REQUESTED, request, audience=Audience(queries.admin_ids(ctx, group.id)))
    return request


def answer_request(ctx: Context, request: MembershipRequest, *, approve: bool) -> MembershipRequest:
    """Let someone in who asked, or not (they are not told of a refusal)."""
    ctx.require(Permission.GROUP_MANAGE_REQUESTS, request.group)
    if request.responded_at is not None:
        raise Conflict(_("Someone has answered this request already."))
    request.responder_id = ctx.actor_id
    request.responded_at = ctx.now
    request.response = "approved" if approve else "ignored"
    audit.note(ctx, f"request.{request.response}", request.requestor, group_id=request.group_id)
    if approve and request.requestor_id:
        row = _own(ctx, request.group_id, request.requestor_id)
        membership = _renew(ctx, request.group, request.requestor_id, row)
        ctx.publish(kinds.MEMBERSHIP_REQUEST_APPROVED, membership, audience=Audience([request.requestor_id]))
        ctx.changed(membership)
    return request


def make_admin(ctx: Context, membership: Membership) -> Membership:
    """Make a member an admin."""
    ctx.require(Permission.MEMBERSHIP_MAKE_ADMIN, membership)
    if membership.admin:
        return membership
    membership.admin = True
    ctx.db.flush()
    recount(ctx, membership.group)
    audit.note(ctx, "member.make_admin", membership.user, group_id=membership.group_id)
    audience = Audience([membership.user_id] if membership.user_id else [])
    ctx.publish(kinds.NEW_COORDINATOR, membership, audience=audience)
    return membership


def remove_admin(ctx: Context, membership: Membership) -> Membership:
    """Make an admin an ordinary member; the last admin stays."""
    ctx.require(Permission.MEMBERSHIP_REMOVE_ADMIN, membership)
    _keep_one_admin(ctx, membership)
    membership.admin = False
    audit.note(ctx, "member.remove_admin", membership.user, group_id=membership.group_id)
    recount(ctx, membership.group)
    return membership


def revoke(ctx: Context, membership: Membership) -> Membership:
    """Leave, remove a member, or withdraw an invitation."""
    ctx.require(Permission.MEMBERSHIP_REVOKE, membership)
    if membership.revoked_at is not None:
        return membership
    if membership.accepted_at is not None:
        _keep_one_admin(ctx, membership)
    membership.revoked_at = ctx.now
    membership.revoker_id = ctx.actor_id
    if ctx.actor_id != membership.user_id:
        audit.note(ctx, "member.remove", membership.user, group_id=membership.group_id)
    membership.admin = False
    ctx.db.flush()
    queries.forget(ctx)
    recount(ctx, membership.group)
    ctx.changed(membership)
    return membership


def end_memberships(ctx: Context, user: User) -> None:
    """Take a person whose account was closed out of every group."""
    held = ctx.db.scalars(
        select(Membership).where(Membership.user_id == user.id, Membership.revoked_at.is_(None)).with_for_update()
    ).all()
    for membership in held:
        membership.revoked_at = ctx.now
        membership.revoker_id = user.deactivator_id
        membership.admin = False
    ctx.db.flush()
    for membership in held:
        recount(ctx, membership.group)
        ctx.changed(membership)


def _keep_one_admin(ctx: Context, membership: Membership) -> None:
    if not membership.admin:
        return
    ctx.db.execute(select(Group.id).where(Group.id == membership.group_id).with_for_update())
    others = [user_id for user_id in queries.admin_ids(ctx, membership.group_id or 0) if user_id != membership.user_id]
    if not others:
        raise Invalid(_("A group needs an admin. Make someone else an admin first, or archive the group."))


def set_volume(ctx: Context, membership: Membership, *, volume: int) -> Membership:
    """How much of the group reaches the member by mail (1 quiet, 2 normal, 3 loud)."""
    ctx.require(Permission.MEMBERSHIP_UPDATE, membership)
    membership.volume = volume
    return membership


def set_title(ctx: Context, membership: Membership, *, title: str) -> Membership:
    """What the member is in the group, shown beside the name."""
    ctx.require(Permission.MEMBERSHIP_UPDATE, membership)
    membership.title = title or None
    return membership


def reset_join_link(ctx: Context, group: Group) -> Group:
    """Make the join link that was handed around useless."""
    ctx.require(Permission.GROUP_UPDATE, group)
    group.token = secrets.token_urlsafe(20)
    audit.note(ctx, "group.join_link", group, group_id=group.id)
    return group


def recount(ctx: Context, group: Group) -> None:
    """The group's cached counts, from the rows; those who wait count among the memberships, as in the reference."""
    held = Membership.revoked_at.is_(None)
    counts = (
        select(
            func.count().filter(held, Membership.accepted_at.is_not(None)),
            func.count().filter(held, Membership.accepted_at.is_(None)),
            func.count().filter(held, Membership.admin.is_(True)),
        )
        .where(Membership.group_id == group.id)
        .select_from(Membership)
    )
    members, waiting, admins = ctx.db.execute(counts).one()
    ctx.db.execute(
        update(Group)
        .where(Group.id == group.id)
        .values(memberships_count=members + waiting, pending_memberships_count=waiting, admin_memberships_count=admins)
    )
