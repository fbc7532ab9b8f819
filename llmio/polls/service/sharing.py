"""Sharing an outcome with people who should know of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmio.core.errors import Invalid
from llmio.core.events import Audience
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups import queries as groups
from llmio.polls import kinds, queries
from llmio.polls.models import Outcome, Poll
from llmio.polls.service.outcomes import voters_of
from llmio.polls.service.voters import members_among, short

if TYPE_CHECKING:
    from llmio.core.context import Context

EVERYONE, VOTERS, CHOSEN = "group", "voters", "chosen"


def share_outcome(
    ctx: Context, outcome: Outcome, *, who: str = CHOSEN, user_ids: Sequence[int] = (), message: str = ""
) -> list[int]:
    """Tell all of the group, all who could vote, or those of `user_ids` who may see it; returns whom.

    Raises NotAllowed where the actor may not notify the whole group, Invalid where nobody is left to tell.
    """
    poll = outcome.poll
    ctx.require(Permission.OUTCOME_ANNOUNCE, outcome)
    wanted = [one for one in _wanted(ctx, poll, who, user_ids) if one != ctx.actor_id]
    if not wanted:
        raise Invalid.at("user_ids", _("Please choose somebody."))
    parent = queries.created_event(ctx, kinds.OUTCOME_CREATED.name, "Outcome", outcome.id)
    audience = Audience(wanted, message=short(message), name=None if who == CHOSEN else who)
    ctx.publish(kinds.OUTCOME_ANNOUNCED, outcome, parent=parent, audience=audience)
    return wanted


def _wanted(ctx: Context, poll: Poll, who: str, user_ids: Sequence[int]) -> list[int]:
    if who == EVERYONE and poll.group is not None:
        ctx.require(Permission.GROUP_NOTIFY, poll.group)
        return groups.member_ids(ctx, poll.group.id)
    if who == VOTERS:
        return list(voters_of(ctx, poll))
    known = {*members_among(ctx, poll, user_ids), *voters_of(ctx, poll)}
    return [one for one in dict.fromkeys(user_ids) if one in known]
