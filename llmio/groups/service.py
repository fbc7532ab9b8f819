"""Acts on groups: start, edit, archive."""

from __future__ import annotations

import secrets
import string
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from llmio.core import audit, permissions, richtext, versions
from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups import queries, rules, subgroups
from llmio.groups.forms import RESERVED, GroupForm, SettingsForm, handle_from
from llmio.groups.models import Group, Membership, Subscription
from llmio.tasks import service as tasks
from llmio.tasks.lines import numbered

if TYPE_CHECKING:
    from llmio.core.context import Context

VERSIONED = (
    "name",
    "handle",
    "description",
    "is_visible_to_public",
    "discussion_privacy_options",
    "membership_granted_upon",
)


def new_key() -> str:
    """A random key for links: eight letters and digits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _place in range(8))


def create_group(ctx: Context, form: GroupForm, *, parent: Group | None = None) -> Group:
    """Start a group, or a subgroup of `parent`; its founder becomes its first admin."""
    ctx.require(Permission.GROUP_ADD_SUBGROUP if parent else Permission.GROUP_CREATE, parent)
    founder = ctx.signed_in()
    group = Group(
        key=new_key(),
        creator_id=founder.id,
        token=secrets.token_urlsafe(20),
        subscription_id=None if parent else _plan(ctx, founder.id).id,
        parent_id=parent.id if parent else None,
        memberships_count=1,
        admin_memberships_count=1,
        created_at=ctx.now,
    )
    _fill(ctx, group, form, parent)
    if not group.handle:
        group.handle = free_handle(ctx, f"{parent.handle} {form.name}" if parent and parent.handle else form.name)
    ctx.db.add(group)
    if parent is not None:
        parent.subgroups_count += 1
    ctx.db.flush()
    tasks.keep(ctx, group, founder.id)
    founding = Membership(
        group_id=group.id, user_id=founder.id, admin=True, accepted_at=ctx.now, created_at=ctx.now, volume=2
    )
    ctx.db.add(founding)
    ctx.db.flush()
    ctx.changed(founding)
    queries.forget(ctx)
    return group


def _plan(ctx: Context, owner_id: int) -> Subscription:
    plan = Subscription(plan="free", state="active", owner_id=owner_id)
    ctx.db.add(plan)
    ctx.db.flush()
    return plan


def update_group(ctx: Context, group: Group, form: GroupForm, *, opened: datetime | None = None) -> Group:
    """Change name, address, description and privacy.

    `opened`: when the form was shown; boxes in the description that others ticked since stay as they are.
    """
    ctx.require(Permission.GROUP_UPDATE, group)
    before, shown = {name: getattr(group, name) for name in VERSIONED}, values_of(group)
    _fill(ctx, group, form, group.parent)
    subgroups.follow_parent(ctx, group)
    tasks.keep(ctx, group, ctx.signed_in().id, opened=opened)
    versions.record(ctx, group, {name: (before[name], getattr(group, name)) for name in VERSIONED})
    if changes := audit.differences(shown, values_of(group), long=("description", "request_to_join_prompt")):
        audit.note(ctx, "group.update", group, group_id=group.id, changes=changes)
    return group


def update_settings(ctx: Context, group: Group, form: SettingsForm) -> Group:
    """Change what members may do."""
    ctx.require(Permission.GROUP_UPDATE, group)
    wanted = form.model_dump()
    changes = audit.differences({name: getattr(group, name) for name in wanted}, wanted)
    for name in changes:
        setattr(group, name, wanted[name])
    if changes:
        audit.note(ctx, "group.settings", group, group_id=group.id, changes=changes)
    return group


def archive_group(ctx: Context, group: Group) -> Group:
    """Put a group and its subgroups away; nothing is deleted."""
    if not permissions.site_admin(ctx, group):
        ctx.require(Permission.GROUP_ARCHIVE, group)
    group.archived_at = ctx.now
    audit.note(ctx, "group.archive", group, group_id=group.id)
    for subgroup in ctx.db.scalars(select(Group).where(Group.parent_id == group.id, Group.archived_at.is_(None))):
        subgroup.archived_at = ctx.now
    queries.forget(ctx)
    return group


def unarchive_group(ctx: Context, group: Group) -> Group:
    """Bring a group back, with the subgroups that went with it (administrators of the site)."""
    ctx.require(Permission.ADMIN)
    if group.parent is not None and group.parent.archived_at is not None:
        raise Invalid(_("It belongs to {name}, which is archived. Bring that back first.", name=group.parent.name))
    audit.note(ctx, "group.unarchive", group, group_id=group.id)
    together = select(Group).where(Group.parent_id == group.id, Group.archived_at == group.archived_at)
    for one in (group, *ctx.db.scalars(together)):
        one.archived_at = None
    queries.forget(ctx)
    return group


def privacy_of(group: Group) -> str:
    """`open`, `closed` or `secret`, derived from the columns as the reference does."""
    if group.is_visible_to_public:
        return "open" if group.discussion_privacy_options == "public_only" else "closed"
    return "closed" if group.parent_id and group.is_visible_to_parent_members else "secret"


def values_of(group: Group) -> dict[str, Any]:
    """What the edit form holds."""
    return {
        "name": group.name,
        "handle": group.handle or "",
        "description": group.description or "",
        "description_format": group.description_format,
        "group_privacy": privacy_of(group),
        "membership_granted_upon": group.membership_granted_upon,
        "private_threads": group.discussion_privacy_options == "private_only",
        "listed_in_explore": group.listed_in_explore,
        "parent_members_can_see_discussions": group.parent_members_can_see_discussions,
        "request_to_join_prompt": group.request_to_join_prompt or "",
    }


def _fill(ctx: Context, group: Group, form: GroupForm, parent: Group | None) -> None:
    if form.handle and form.handle != group.handle:
        _check_handle(ctx, form.handle, group.id)
        subgroups.check_handle(form.handle, parent)
    group.name, group.full_name = form.name, subgroups.full_name(form.name, parent)
    group.handle = form.handle or group.handle
    group.description = numbered(richtext.clean(form.description, form.description_format), form.description_format)
    group.description_format = form.description_format
    group.request_to_join_prompt = form.request_to_join_prompt or None
    _set_privacy(ctx, group, form, parent)
    if parent is not None and form.group_privacy != "secret":
        group.parent_members_can_see_discussions = form.parent_members_can_see_discussions
        if form.parent_members_can_see_discussions:
            group.is_visible_to_parent_members = True


def _set_privacy(ctx: Context, group: Group, form: GroupForm, parent: Group | None) -> None:
    """Who may see the group; what it is already it may stay, also where the site has no public groups any more."""
    public, same = rules.site_has_public(ctx), group.id is not None and form.group_privacy == privacy_of(group)
    if form.group_privacy == "secret":
        group.is_visible_to_public = group.is_visible_to_parent_members = False
        group.discussion_privacy_options = "private_only"
        group.membership_granted_upon = "invitation"
        group.listed_in_explore = group.parent_members_can_see_discussions = False
        return
    if parent is not None and subgroups.is_hidden(ctx, parent):
        subgroups.set_privacy(group, parent, form, same=same)
        return
    if not public and not same:
        raise Invalid.at("group_privacy", _("This site has no public groups: only members may know of a group."))
    group.membership_granted_upon = form.membership_granted_upon
    if not same:
        group.is_visible_to_public = True  # one that only members of its parent see is called closed, too, and stays so
    if not public:
        return  # the form does not ask for the rest
    group.listed_in_explore = form.listed_in_explore
    if form.group_privacy == "open":
        group.discussion_privacy_options = "public_only"
    else:
        group.discussion_privacy_options = "private_only" if form.private_threads else "public_or_private"


def _check_handle(ctx: Context, handle: str, group_id: int | None) -> None:
    query = select(Group.id).where(Group.handle == handle, Group.id != (group_id or 0))
    if ctx.db.scalar(query.limit(1)):
        raise Invalid.at("handle", _("Another group has this address already. Please choose another."))


def free_handle(ctx: Context, name: str) -> str:
    """A handle like the name that no group has."""
    base = handle_from(name) or "group"
    taken = set(ctx.db.scalars(select(func.lower(Group.handle)).where(Group.handle.like(f"{base}%")))) | RESERVED
    if base not in taken:
        return base
    return next(f"{base}-{number}" for number in range(2, len(taken) + 3) if f"{base}-{number}" not in taken)
