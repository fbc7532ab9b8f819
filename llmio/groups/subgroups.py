"""Groups within a group: who sees them, what they take from it, whom they may ask by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from llmio.accounts.models import User
from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups import queries, rules
from llmio.groups.models import Group, Membership

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.groups.forms import GroupForm

MOST_OFFERED = 300
"""Members of the parent that are offered by name."""


def of_group(ctx: Context, group: Group) -> list[Group]:
    """The subgroups that the actor may know of, by name."""
    query = select(Group).where(Group.parent_id == group.id, Group.archived_at.is_(None))
    found = ctx.db.scalars(query.order_by(func.lower(Group.name), Group.id))
    return [one for one in found if ctx.can(Permission.GROUP_SHOW, one)]


def panel(ctx: Context, group: Group) -> Mapping[str, Any] | None:
    """The section of the group's page."""
    found = of_group(ctx, group) if group.parent_id is None else []
    return {"subgroups": found, "may_add": ctx.can(Permission.GROUP_ADD_SUBGROUP, group)} if found else None


def parent_of(ctx: Context, group: Group) -> Group | None:
    """The group that it belongs to, where the actor may know of that."""
    parent = group.parent
    return parent if parent is not None and ctx.can(Permission.GROUP_SHOW, parent) else None


def is_hidden(ctx: Context, parent: Group | None) -> bool:
    """Its subgroups can be no more than closed: only members know of the parent."""
    return parent is not None and not rules.is_public(ctx, parent)


def full_name(name: str, parent: Group | None) -> str:
    """The name with that of the parent before it."""
    return f"{parent.name} - {name}"[:255] if parent else name


def check_handle(handle: str, parent: Group | None) -> None:
    """A subgroup's address begins with that of its parent."""
    if parent is not None and parent.handle and not handle.startswith(f"{parent.handle}-"):
        like = f"{parent.handle}-{handle}"
        raise Invalid.at("handle", _("It begins with the address of {name}: {like}", name=parent.name, like=like))


def set_privacy(group: Group, parent: Group, form: GroupForm, *, same: bool) -> None:
    """Who may see a subgroup of a hidden parent: its members, or those of the parent."""
    if form.group_privacy == "open" and not same:
        raise Invalid.at("group_privacy", _("Only members know of {name}, so this cannot be open.", name=parent.name))
    group.membership_granted_upon = form.membership_granted_upon
    if not same:
        _hide(group)


def _hide(group: Group) -> None:
    group.is_visible_to_public = group.listed_in_explore = False
    group.is_visible_to_parent_members = True
    group.discussion_privacy_options = "private_only"


def follow_parent(ctx: Context, parent: Group) -> None:
    """Bring the subgroups' full names in line, and hide them where the parent is hidden."""
    for one in ctx.db.scalars(select(Group).where(Group.parent_id == parent.id)):
        one.full_name = full_name(one.name or "", parent)
        if one.is_visible_to_public and not parent.is_visible_to_public:
            _hide(one)


def to_ask(ctx: Context, group: Group) -> list[User]:
    """Members of the parent who are neither in the subgroup nor asked, for who may see them."""
    if group.parent is None or not ctx.can(Permission.GROUP_SEE_MEMBERS, group.parent):
        return []
    here = select(Membership.user_id).where(Membership.group_id == group.id, Membership.revoked_at.is_(None))
    query = queries.accepted(group.parent.id).where(Membership.user_id.not_in(here))
    order = query.order_by(func.lower(User.name), User.id)
    return [row.user for row in ctx.db.scalars(order.limit(MOST_OFFERED)) if row.user is not None]


def among(ctx: Context, group: Group, user_ids: Sequence[int]) -> list[User]:
    """Those of these people who can be asked by name."""
    if not user_ids or group.parent is None or not ctx.can(Permission.GROUP_SEE_MEMBERS, group.parent):
        return []
    query = queries.accepted(group.parent.id).where(Membership.user_id.in_(user_ids))
    return [row.user for row in ctx.db.scalars(query) if row.user is not None]
