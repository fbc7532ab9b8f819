"""Look-ups of groups and memberships that are used more than once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, contains_eager, defaultload, joinedload
from sqlalchemy.sql.base import ExecutableOption

from llmio.accounts.models import User
from llmio.groups.models import Group, Membership, MembershipRequest

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from llmio.core.context import Context

MEMO = "groups.memberships"
OF_ONE_PAGE: Final = (
    Group.description,
    Group.attachments,
    Group.link_previews,
    Group.request_to_join_prompt,
    Group.admin_tags,
    Group.cover_photo_file_name,
    Group.cover_photo_content_type,
    Group.cover_photo_file_size,
    Group.cover_photo_updated_at,
    Group.logo_file_name,
    Group.logo_content_type,
    Group.logo_file_size,
    Group.logo_updated_at,
    Group.country,
    Group.region,
    Group.city,
)
"""What lists of groups do without: texts of any length, and leftovers of old versions; the page of a group loads it."""


def memberships_of_actor(ctx: Context) -> dict[int, Membership]:
    """The actor's memberships that were not revoked (pending ones count), by group id; one query per context."""
    if ctx.actor is None:
        return {}
    found = ctx.memo.get(MEMO)
    if found is None:
        query = (
            select(Membership)
            .join(Membership.group)
            .options(contains_eager(Membership.group), *map(_later, OF_ONE_PAGE))
            .where(Membership.user_id == ctx.actor.id, Membership.revoked_at.is_(None), Group.archived_at.is_(None))
            .order_by(func.coalesce(Group.full_name, Group.name), Group.id)
        )
        found = ctx.memo[MEMO] = {row.group_id: row for row in ctx.db.scalars(query) if row.group_id}
    return found


def _later(column: InstrumentedAttribute[Any]) -> ExecutableOption:
    return defaultload(Membership.group).defer(column)


def forget(ctx: Context) -> None:
    """Load memberships again when next asked: they changed."""
    ctx.memo.pop(MEMO, None)


def membership_of(ctx: Context, group_id: int | None, user_id: int | None = None) -> Membership | None:
    """The un-revoked membership of a user (default: the actor) in a group."""
    if group_id is None:
        return None
    if user_id is None or user_id == ctx.actor_id:
        return memberships_of_actor(ctx).get(group_id)
    return ctx.db.scalars(
        select(Membership).where(
            Membership.group_id == group_id, Membership.user_id == user_id, Membership.revoked_at.is_(None)
        )
    ).one_or_none()


def joined_ids(db: Session, user_id: int) -> list[int]:
    """Ids of the groups a person has joined."""
    query = (
        select(Membership.group_id)
        .join(Membership.group)
        .where(
            Membership.user_id == user_id,
            Membership.accepted_at.is_not(None),
            Membership.revoked_at.is_(None),
            Group.archived_at.is_(None),
        )
        .order_by(Membership.group_id)
    )
    return [group_id for group_id in db.scalars(query) if group_id is not None]


def groups_of(ctx: Context) -> list[Group]:
    """The groups the actor has joined, subgroups after their parent."""
    joined = [row.group for row in memberships_of_actor(ctx).values() if row.accepted_at]
    names = {group.id: (group.name or "") for group in joined}
    return sorted(
        joined,
        key=lambda group: (
            names.get(group.parent_id or 0, group.name or "").lower(),
            group.parent_id or group.id,
            group.parent_id is not None,
            (group.name or "").lower(),
        ),
    )


def by_key(ctx: Context, key: str) -> Group | None:
    """The group with this key."""
    return ctx.db.scalars(select(Group).where(Group.key == key, Group.archived_at.is_(None))).one_or_none()


def by_handle(ctx: Context, handle: str) -> Group | None:
    """The group with this handle, in any case."""
    return ctx.db.scalars(select(Group).where(Group.handle == handle, Group.archived_at.is_(None))).one_or_none()


def accepted(group_id: int) -> Select[Membership]:
    """Accepted, un-revoked memberships of people (no bots, no closed accounts), with their users."""
    return (
        select(Membership)
        .join(Membership.user)
        .options(contains_eager(Membership.user))
        .where(
            Membership.group_id == group_id,
            Membership.revoked_at.is_(None),
            Membership.accepted_at.is_not(None),
            User.deactivated_at.is_(None),
            User.bot.is_(False),
        )
    )


def members(
    ctx: Context, group: Group, *, search: str = "", without: Collection[int] = (), limit: int = 100, offset: int = 0
) -> list[Membership]:
    """The members by role and name but those `without`; `search` is the beginning of a name or username, or an address."""
    query = accepted(group.id).order_by(Membership.admin.desc(), func.lower(User.name), User.id)
    if search:
        query = query.where(name_starts(search))
    if without:
        query = query.where(User.id.not_in(without))
    return list(ctx.db.scalars(query.limit(limit).offset(offset)))


def name_starts(search: str) -> ColumnElement[bool]:
    """Whether a name, a word of it or the username of a person begins so, or the address is just that.

    By its beginning anybody in the group could guess an address, letter by letter.
    """
    pattern = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return (
        User.name.ilike(f"{pattern}%")
        | User.name.ilike(f"% {pattern}%")
        | User.username.ilike(f"{pattern}%")
        | (func.lower(User.email) == search.lower())
    )


def inviting(user_id: int) -> Select[Any]:
    """The memberships of a person, accepted or not."""
    return (
        select(Membership.id)
        .join(Membership.group)
        .where(Membership.user_id == user_id, Membership.revoked_at.is_(None), Group.archived_at.is_(None))
    )


def member_ids(ctx: Context, group_id: int) -> list[int]:
    """The user ids of accepted members."""
    query = accepted(group_id).with_only_columns(Membership.user_id, maintain_column_froms=True).options()
    return [int(user_id) for user_id in ctx.db.scalars(query) if user_id]


def pending(ctx: Context, group: Group) -> Sequence[Membership]:
    """Invitations that nobody accepted yet, newest first."""
    query = (
        select(Membership)
        .options(joinedload(Membership.user), joinedload(Membership.inviter))
        .where(Membership.group_id == group.id, Membership.accepted_at.is_(None), Membership.revoked_at.is_(None))
        .order_by(Membership.created_at.desc(), Membership.id.desc())
    )
    return ctx.db.scalars(query).all()


def waiting_request(ctx: Context, group: Group) -> MembershipRequest | None:
    """The actor's own request to join that nobody has answered."""
    query = select(MembershipRequest).where(
        MembershipRequest.group_id == group.id,
        MembershipRequest.requestor_id == ctx.actor_id,
        MembershipRequest.responded_at.is_(None),
    )
    return ctx.db.scalars(query.limit(1)).first() if ctx.actor else None


def requests(ctx: Context, group: Group) -> Sequence[MembershipRequest]:
    """Requests to join that wait for an answer, oldest first."""
    query = (
        select(MembershipRequest)
        .options(joinedload(MembershipRequest.requestor))
        .where(MembershipRequest.group_id == group.id, MembershipRequest.responded_at.is_(None))
        .order_by(MembershipRequest.created_at)
    )
    return ctx.db.scalars(query).all()


def admin_ids(ctx: Context, group_id: int) -> list[int]:
    """The user ids of the group's admins."""
    query = (
        accepted(group_id)
        .where(Membership.admin.is_(True))
        .with_only_columns(Membership.user_id, maintain_column_froms=True)
    )
    return [int(user_id) for user_id in ctx.db.scalars(query) if user_id]


def public_paths(ctx: Context, limit: int) -> list[tuple[str, datetime | None]]:
    """(path, last change) of every group that anyone may know of, the newest first."""
    if ctx.app.settings.on("features.disable_public_groups"):
        return []
    query = select(Group.key, Group.updated_at).where(Group.is_visible_to_public, Group.archived_at.is_(None))
    return [(f"/g/{key}", at) for key, at in ctx.db.execute(query.order_by(Group.id.desc()).limit(limit))]


def public_groups(ctx: Context, *, search: str = "", limit: int = 50) -> Sequence[Group]:
    """Groups that ask to be found, largest first; none where the site has no public groups."""
    if ctx.app.settings.on("features.disable_public_groups"):
        return []
    query = select(Group).where(
        Group.listed_in_explore.is_(True),
        Group.is_visible_to_public.is_(True),
        Group.archived_at.is_(None),
        Group.parent_id.is_(None),
    )
    if search:
        query = query.where(Group.name.ilike(f"%{search}%") | Group.description.ilike(f"%{search}%"))
    return ctx.db.scalars(
        query.order_by((Group.memberships_count - Group.pending_memberships_count).desc(), Group.id).limit(limit)
    ).all()
