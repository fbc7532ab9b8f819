"""Sharing an outcome with people who should know of it, also with some outside who see nothing else of the group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmio.accounts import service as accounts
from llmio.core.errors import Invalid
from llmio.core.events import Audience
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups import queries as groups
from llmio.groups.forms import addresses_in
from llmio.polls import kinds, queries
from llmio.polls.models import Outcome, Poll
from llmio.polls.outcome_guests import KEY, guest_ids
from llmio.polls.service.outcomes import voters_of
from llmio.polls.service.voters import MOST_ASKED, members_among, short

if TYPE_CHECKING:
    from llmio.core.context import Context

EVERYONE, VOTERS, CHOSEN = "group", "voters", "chosen"


def share_outcome(
    ctx: Context,
    outcome: Outcome,
    *,
    who: str = CHOSEN,
    user_ids: Sequence[int] = (),
    emails: str = "",
    message: str = "",
) -> list[int]:
    """Tell all of the group, all who could vote, or those of `user_ids` who may see it; and people by address. Returns whom.

    Addresses of others than these make guests of the outcome: the mail brings a link by which they see it, once each. Raises
    NotAllowed where the actor may not notify the whole group, or let guests in; Invalid where an address cannot be read, and
    where nobody is left to tell.
    """
    poll = outcome.poll
    ctx.require(Permission.OUTCOME_ANNOUNCE, outcome)
    inside = _wanted(ctx, poll, who, user_ids)
    by_address = _by_address(ctx, poll, emails)
    known = {*members_among(ctx, poll, by_address), *voters_of(ctx, poll)}
    inside = [
        one for one in dict.fromkeys([*inside, *(one for one in by_address if one in known)]) if one != ctx.actor_id
    ]
    already = guest_ids(ctx, [outcome.id])
    outside = [one for one in by_address if one not in {*inside, ctx.actor_id, *already}]
    if not inside and not outside:
        if already.intersection(by_address):
            raise Invalid.at("emails", _("They were sent it already."))
        raise Invalid.at("user_ids", _("Please choose somebody."))
    parent = queries.created_event(ctx, kinds.OUTCOME_CREATED.name, "Outcome", outcome.id)
    audience = Audience([*inside, *outside], message=short(message), name=None if who == CHOSEN else who)
    custom = {KEY: outside} if outside else None
    ctx.publish(kinds.OUTCOME_ANNOUNCED, outcome, parent=parent, audience=audience, custom=custom)
    return [*inside, *outside]


def _by_address(ctx: Context, poll: Poll, emails: str) -> list[int]:
    """Those whose addresses were typed; who is new becomes known by it."""
    if not emails.strip():
        return []
    ctx.require(Permission.POLL_ADD_GUESTS, poll)
    good, bad = addresses_in(emails)
    if bad:
        raise Invalid.at("emails", _("These do not look like addresses: {list}", list=", ".join(bad[:10])))
    if len(good) > MOST_ASKED:
        raise Invalid.at("emails", _("At most {count} people at once, please.", count=MOST_ASKED))
    return [
        user.id
        for user in accounts.find_or_invite_all(ctx, good).values()
        if user.deactivated_at is None and not user.bot
    ]


def _wanted(ctx: Context, poll: Poll, who: str, user_ids: Sequence[int]) -> list[int]:
    if who == EVERYONE and poll.group is not None:
        ctx.require(Permission.GROUP_NOTIFY, poll.group)
        return groups.member_ids(ctx, poll.group.id)
    if who == VOTERS:
        return list(voters_of(ctx, poll))
    known = {*members_among(ctx, poll, user_ids), *voters_of(ctx, poll)}
    return [one for one in dict.fromkeys(user_ids) if one in known]
