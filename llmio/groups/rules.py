"""Who may do what with a group and its memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.core.permissions import Permission, signed_in, site_admin, verified
from llmio.groups import queries
from llmio.groups.models import Group, Membership

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

OFFERED_TOKENS = "groups.tokens"
"""Key in `ctx.memo` of the invitation tokens that came with the request."""


def group_of(subject: Any) -> Group | None:
    """The group a record belongs to."""
    return subject if isinstance(subject, Group) else getattr(subject, "group", None)


def membership(ctx: Context, subject: Any) -> Membership | None:
    """The actor's membership in the subject's group."""
    group = group_of(subject)
    return queries.membership_of(ctx, group.id) if group else None


def is_member(ctx: Context, subject: Any) -> bool:
    """The actor belongs to the group (invitations not yet accepted count)."""
    return membership(ctx, subject) is not None


def is_admin(ctx: Context, subject: Any) -> bool:
    """The actor is an admin of the group."""
    found = membership(ctx, subject)
    return found is not None and found.admin


def is_parent_member(ctx: Context, subject: Any) -> bool:
    """The actor belongs to the parent group."""
    group = group_of(subject)
    return bool(group and group.parent_id and queries.membership_of(ctx, group.parent_id))


def is_parent_admin(ctx: Context, subject: Any) -> bool:
    """The actor is an admin of the parent group."""
    group = group_of(subject)
    found = queries.membership_of(ctx, group.parent_id) if group and group.parent_id else None
    return found is not None and found.admin


def shown_to_parent(ctx: Context, subject: Any) -> bool:
    """Members of the parent may see it."""
    group = group_of(subject)
    return bool(group and group.is_visible_to_parent_members)


def site_has_public(ctx: Context, _subject: Any = None) -> bool:
    """The site lets groups be public."""
    return not ctx.app.settings.on("features.disable_public_groups")


def is_public(ctx: Context, subject: Any) -> bool:
    """Anyone may know of it."""
    group = group_of(subject)
    return bool(group and group.is_visible_to_public and site_has_public(ctx))


def is_open(ctx: Context, subject: Any) -> bool:
    """Anyone may read its threads."""
    group = group_of(subject)
    return is_public(ctx, subject) and bool(group and group.discussion_privacy_options == "public_only")


def kept(ctx: Context, subject: Any) -> bool:
    """It was not archived."""
    group = group_of(subject)
    return group is not None and group.archived_at is None


def holds_token(ctx: Context, subject: Any) -> bool:
    """The request came with the group's join link or an invitation to it."""
    group = group_of(subject)
    offered = ctx.memo.get(OFFERED_TOKENS, frozenset())
    return bool(group and (group.token in offered or f"membership:{group.id}" in offered))


def setting(name: str) -> Any:
    """A predicate: the group's switch of that name is on."""

    def switched_on(ctx: Context, subject: Any) -> bool:
        group = group_of(subject)
        return bool(group and getattr(group, name))

    return switched_on


def granted_upon(how: str) -> Any:
    """A predicate: membership is granted in that way (request, approval, invitation)."""

    def granted(ctx: Context, subject: Any) -> bool:
        group = group_of(subject)
        return group is not None and group.membership_granted_upon == how

    return granted


def shown(ctx: Context, subject: Any) -> bool:
    """The actor may know of the group."""
    return ctx.can(Permission.GROUP_SHOW, subject)


def is_parent(ctx: Context, subject: Any) -> bool:
    """It may have subgroups: it is none itself, and its plan allows them."""
    group = group_of(subject)
    if group is None or group.parent_id is not None:
        return False
    return group.subscription is None or group.subscription.allow_subgroups


def plan_active(ctx: Context, subject: Any) -> bool:
    """The group's plan is in force, or it has none."""
    group = group_of(subject)
    return group is not None and (group.subscription is None or group.subscription.state == "active")


def may_create(ctx: Context, subject: Any) -> bool:
    """The site lets people start groups."""
    return not ctx.app.settings.on("features.disable_create_group")


def is_self(ctx: Context, subject: Any) -> bool:
    """The membership is the actor's own."""
    return ctx.actor is not None and subject.user_id == ctx.actor.id


def is_inviter(ctx: Context, subject: Any) -> bool:
    """The actor sent the invitation."""
    return ctx.actor is not None and subject.inviter_id == ctx.actor.id


def is_pending(ctx: Context, subject: Any) -> bool:
    """The invitation was not accepted yet."""
    return subject.accepted_at is None and subject.revoked_at is None


def has_no_admins(ctx: Context, subject: Any) -> bool:
    """Nobody leads the group."""
    return not queries.admin_ids(ctx, subject.group_id)


def register(app: App) -> None:
    """Fill the rule map, as the reference's matrix has it."""
    allow = app.add_rule
    invites = ((is_admin,), (is_member, setting("members_can_add_members")))
    allow(
        Permission.GROUP_SHOW,
        (kept, is_public),
        (kept, is_member),
        (kept, is_parent_member, shown_to_parent),
        (kept, holds_token),
    )
    allow(Permission.GROUP_SEE_PRIVATE, (kept, is_open), (kept, is_member), (kept, is_parent_member, shown_to_parent))
    for permission in (
        Permission.GROUP_UPDATE,
        Permission.GROUP_ARCHIVE,
        Permission.GROUP_VIEW_PENDING,
        Permission.GROUP_INTEGRATIONS,
    ):
        allow(permission, (kept, is_admin))
    allow(Permission.GROUP_SEE_MEMBERS, (verified, is_member))
    allow(Permission.GROUP_ADD_MEMBERS, site_admin, *invites)
    allow(Permission.GROUP_MANAGE_REQUESTS, site_admin, *invites)
    allow(Permission.GROUP_NOTIFY, (is_admin,), (is_member, setting("members_can_announce")))
    allow(
        Permission.GROUP_ADD_GUESTS,
        (verified, plan_active, is_admin),
        (verified, plan_active, is_member, setting("members_can_add_guests")),
    )
    allow(Permission.GROUP_CREATE, (verified, site_admin), (verified, may_create))
    allow(
        Permission.GROUP_ADD_SUBGROUP,
        (verified, kept, is_parent, is_admin),
        (verified, kept, is_parent, is_member, setting("members_can_create_subgroups")),
    )
    allow(
        Permission.GROUP_JOIN,
        (verified, shown, granted_upon("request")),
        (verified, kept, holds_token),
        (verified, shown, is_parent_admin),
    )
    allow(Permission.GROUP_REQUEST_MEMBERSHIP, (signed_in, shown, granted_upon("approval")))
    allow(Permission.MEMBERSHIP_UPDATE, is_self, is_admin)
    allow(Permission.MEMBERSHIP_MAKE_ADMIN, is_admin, (is_self, has_no_admins), (is_self, is_parent_admin))
    allow(Permission.MEMBERSHIP_REMOVE_ADMIN, site_admin, is_self, is_admin, (is_inviter, is_pending))
    allow(Permission.MEMBERSHIP_RESEND, (is_admin, is_pending))
    allow(Permission.MEMBERSHIP_REVOKE, site_admin, is_self, is_admin, (is_inviter, is_pending))
