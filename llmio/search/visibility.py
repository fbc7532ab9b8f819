"""What the actor may find: decided here alone, and handed to the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ColumnElement, any_, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from llmio.discussions.models import Discussion, DiscussionReader
from llmio.groups.models import Group, Membership
from llmio.plugins import Visible
from llmio.polls.models import Poll, Stance
from llmio.polls.values import HideResults

if TYPE_CHECKING:
    from llmio.core.context import Context


def visible_to(ctx: Context) -> Visible:
    """Own groups; threads of their subgroups that show them; threads and polls one is a guest of, or has outside groups."""
    me = ctx.signed_in()
    own = _own(ctx, me.id)
    guest_of = (
        select(DiscussionReader.discussion_id)
        .join(DiscussionReader.discussion)
        .outerjoin(Discussion.group)
        .where(
            DiscussionReader.user_id == me.id,
            DiscussionReader.guest.is_(True),
            DiscussionReader.revoked_at.is_(None),
            or_(Discussion.group_id.is_(None), Group.archived_at.is_(None)),
        )
    )
    asked = (
        select(Stance.poll_id)
        .join(Stance.poll)
        .where(
            Stance.participant_id == me.id,
            Stance.latest.is_(True),
            Stance.revoked_at.is_(None),
            or_(Stance.guest.is_(True), Poll.group_id.is_(None)),
        )
    )
    own_polls = select(Poll.id).where(Poll.author_id == me.id, Poll.group_id.is_(None))
    threads, polls = list(ctx.db.scalars(guest_of)), list(ctx.db.scalars(asked.union(own_polls)))
    reached = or_(_among(Poll.group_id, own), _among(Poll.discussion_id, threads), _among(Poll.id, polls))
    return Visible(own, threads, polls, _shown_to_parent(ctx, own), _hidden(ctx, me.id, reached))


def _own(ctx: Context, user_id: int) -> list[int]:
    """Ids of the groups the actor has joined: whoever is in two hundred needs none of their rows here."""
    query = (
        select(Membership.group_id)
        .join(Membership.group)
        .where(
            Membership.user_id == user_id,
            Membership.revoked_at.is_(None),
            Membership.accepted_at.is_not(None),
            Group.archived_at.is_(None),
        )
    )
    return [int(group_id) for group_id in ctx.db.scalars(query) if group_id]


def _among(column: Any, ids: list[int]) -> ColumnElement[bool]:
    """As `IN`, with one parameter whatever their number."""
    found: ColumnElement[bool] = column == any_(literal(ids, ARRAY(BigInteger)))
    return found


def _shown_to_parent(ctx: Context, own: list[int]) -> list[int]:
    """Subgroups that the actor does not belong to, and that let members of the parent read their threads."""
    query = select(Group.id).where(
        _among(Group.parent_id, own),
        ~_among(Group.id, own),
        Group.parent_members_can_see_discussions.is_(True),
        Group.archived_at.is_(None),
    )
    return list(ctx.db.scalars(query)) if own else []


def _hidden(ctx: Context, user_id: int, reached: ColumnElement[bool]) -> list[int]:
    """Polls within reach that are open, show results to who has voted, and that the actor has not voted in."""
    voted = select(Stance.id).where(
        Stance.poll_id == Poll.id,
        Stance.participant_id == user_id,
        Stance.latest.is_(True),
        Stance.revoked_at.is_(None),
        Stance.cast_at.is_not(None),
    )
    query = select(Poll.id).where(
        reached,
        Poll.closed_at.is_(None),
        Poll.discarded_at.is_(None),
        Poll.hide_results == int(HideResults.UNTIL_VOTE),
        ~voted.exists(),
    )
    return list(ctx.db.scalars(query))
