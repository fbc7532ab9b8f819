"""What the actor may find: decided here alone, and handed to the provider."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    SelectBase,
    any_,
    bindparam,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from llmio.discussions.models import Discussion, DiscussionReader
from llmio.groups.models import Group, Membership
from llmio.plugins import Visible
from llmio.polls.models import Poll, Stance
from llmio.polls.values import HideResults

if TYPE_CHECKING:
    from llmio.core.context import Context

IDS = ARRAY(BigInteger)


def visible_to(ctx: Context) -> Visible:
    """Own groups; threads of their subgroups that show them; threads and polls one is a guest of, or has outside groups."""
    me = ctx.signed_in()
    found = ctx.db.connection().execute(_statement(), {"me": me.id}).one()
    return Visible(found.own, found.threads, found.polls, found.shown, found.hidden)


@cache
def _statement() -> Select[Any]:
    """All of it in one statement, made once: a search asks for it each time."""
    me = bindparam("me", type_=BigInteger)
    parts = {"own": _own(me), "threads": _guest_of(me), "polls": _asked(me)}
    mine = select(*(_array(query).label(name) for name, query in parts.items())).cte("mine")
    own, threads, polls = (cast(select(column).scalar_subquery(), IDS) for column in mine.c)
    reached = or_(Poll.group_id == any_(own), Poll.discussion_id == any_(threads), Poll.id == any_(polls))
    more = {"shown": _shown_to_parent(own), "hidden": _hidden(me, reached)}
    return select(mine, *(_array(query).label(name) for name, query in more.items()))


def _array(query: SelectBase) -> ColumnElement[Any]:
    """Its one column as an array, which the planner can look up in an index."""
    found: ColumnElement[Any] = func.array(query.scalar_subquery(), type_=IDS)
    return found


def _own(me: BindParameter[int]) -> Select[Any]:
    """Groups the actor has joined."""
    return (
        select(Membership.group_id)
        .join(Membership.group)
        .where(
            Membership.user_id == me,
            Membership.group_id.is_not(None),
            Membership.revoked_at.is_(None),
            Membership.accepted_at.is_not(None),
            Group.archived_at.is_(None),
        )
    )


def _guest_of(me: BindParameter[int]) -> Select[Any]:
    """Threads the actor was invited to."""
    return (
        select(DiscussionReader.discussion_id)
        .join(DiscussionReader.discussion)
        .outerjoin(Discussion.group)
        .where(
            DiscussionReader.user_id == me,
            DiscussionReader.guest.is_(True),
            DiscussionReader.revoked_at.is_(None),
            or_(Discussion.group_id.is_(None), Group.archived_at.is_(None)),
        )
    )


def _asked(me: BindParameter[int]) -> CompoundSelect[Any]:
    """Polls the actor was invited to, and own ones outside groups."""
    asked = (
        select(Stance.poll_id)
        .join(Stance.poll)
        .where(
            Stance.participant_id == me,
            Stance.latest.is_(True),
            Stance.revoked_at.is_(None),
            or_(Stance.guest.is_(True), Poll.group_id.is_(None)),
        )
    )
    return asked.union(select(Poll.id).where(Poll.author_id == me, Poll.group_id.is_(None)))


def _shown_to_parent(own: ColumnElement[Any]) -> Select[Any]:
    """Subgroups that the actor does not belong to, and that let members of the parent read their threads."""
    return select(Group.id).where(
        Group.parent_id == any_(own),
        ~(Group.id == any_(own)),
        Group.parent_members_can_see_discussions.is_(True),
        Group.archived_at.is_(None),
    )


def _hidden(me: BindParameter[int], reached: ColumnElement[bool]) -> Select[Any]:
    """Polls within reach that are open, show results to who has voted, and that the actor has not voted in."""
    voted = select(Stance.id).where(
        Stance.poll_id == Poll.id,
        Stance.participant_id == me,
        Stance.latest.is_(True),
        Stance.revoked_at.is_(None),
        Stance.cast_at.is_not(None),
    )
    return select(Poll.id).where(
        reached,
        Poll.closed_at.is_(None),
        Poll.discarded_at.is_(None),
        Poll.hide_results == int(HideResults.UNTIL_VOTE),
        ~voted.exists(),
    )
