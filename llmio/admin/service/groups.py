"""Groups as administrators see them: every one, with how much is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import aliased

from llmio.accounts.models import User
from llmio.core.errors import Conflict, NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions.models import Discussion
from llmio.groups import service
from llmio.groups.models import Group, Membership
from llmio.polls.models import Poll

if TYPE_CHECKING:
    from llmio.core.context import Context

PAGE = 50
Parent = aliased(Group)


class Sort(StrEnum):
    """By what."""

    NEWEST = "newest"
    NAME = "name"
    MEMBERS = "members"
    THREADS = "threads"
    POLLS = "polls"


@dataclass(frozen=True)
class Line:
    """One group with what is in it."""

    group: Group
    parent: str
    privacy: str
    members: int
    threads: int
    polls: int


@dataclass(frozen=True)
class Page:
    """Some groups of a longer list."""

    rows: Sequence[Line]
    kept: int
    archived: int
    total: int
    page: int = 1

    @property
    def more(self) -> bool:
        """Whether further ones follow."""
        return self.page * PAGE < self.total


def _count(query: Any) -> Any:
    return query.correlate(Group).scalar_subquery()


MEMBERS = _count(
    select(func.count())
    .select_from(Membership)
    .join(User, User.id == Membership.user_id)
    .where(
        Membership.group_id == Group.id,
        Membership.revoked_at.is_(None),
        Membership.accepted_at.is_not(None),
        User.deactivated_at.is_(None),
        User.bot.is_(False),
    )
)
THREADS = _count(
    select(func.count())
    .select_from(Discussion)
    .where(Discussion.group_id == Group.id, Discussion.discarded_at.is_(None))
)
POLLS = _count(select(func.count()).select_from(Poll).where(Poll.group_id == Group.id, Poll.discarded_at.is_(None)))
ORDERS: Mapping[Sort, Any] = {
    Sort.NEWEST: Group.id.desc(),
    Sort.NAME: func.lower(Group.name),
    Sort.MEMBERS: MEMBERS.desc(),
    Sort.THREADS: THREADS.desc(),
    Sort.POLLS: POLLS.desc(),
}


def find(ctx: Context, *, words: str = "", archived: bool = False, sort: Sort = Sort.NEWEST, page: int = 1) -> Page:
    """Groups by name or handle, kept or archived ones; two queries."""
    ctx.require(Permission.ADMIN)
    matches, away = _matching(words), Group.archived_at.is_not(None)
    kept_count, archived_count = ctx.db.execute(
        select(func.count().filter(~away), func.count().filter(away)).select_from(Group).where(matches)
    ).one()
    query = (
        select(Group, Parent.name, MEMBERS, THREADS, POLLS)
        .outerjoin(Parent, Parent.id == Group.parent_id)
        .where(matches, away if archived else ~away)
        .order_by(ORDERS[sort], Group.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    rows = [
        Line(group, parent or "", service.privacy_of(group), members, threads, polls)
        for group, parent, members, threads, polls in ctx.db.execute(query)
    ]
    return Page(rows, kept_count, archived_count, archived_count if archived else kept_count, page)


def get(ctx: Context, group_id: int) -> Group:
    """The group of an id, archived or not; NotFound where there is none."""
    ctx.require(Permission.ADMIN)
    found = ctx.db.get(Group, group_id) if group_id < 2**31 else None
    if found is None:
        raise NotFound(_("There is no group with this number."))
    return found


def archive(ctx: Context, group: Group) -> Group:
    """Put a group and its subgroups away; nothing is deleted."""
    ctx.require(Permission.ADMIN)
    if group.archived_at is not None:
        raise Conflict(_("This group is archived already."))
    return service.archive_group(ctx, group)


def unarchive(ctx: Context, group: Group) -> Group:
    """Bring a group back, with the subgroups that went with it."""
    ctx.require(Permission.ADMIN)
    if group.archived_at is None:
        raise Conflict(_("This group is not archived."))
    return service.unarchive_group(ctx, group)


def _matching(words: str) -> ColumnElement[bool]:
    text = func.lower(func.concat_ws(" ", Group.name, Group.handle, Group.key))
    return and_(true(), *(text.contains(word.lower(), autoescape=True) for word in words.split()))
