"""Sharing an outcome with people who should know of it, also with some outside who see nothing else of the group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.accounts import service as accounts
from llmio.accounts.models import User
from llmio.core import audit
from llmio.core.errors import Invalid, NotFound
from llmio.core.events import Audience
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups import invitation_limit
from llmio.groups import queries as groups
from llmio.groups.pasted import read_addresses
from llmio.polls import kinds, queries
from llmio.polls.models import Outcome, Poll
from llmio.polls.outcome_guests import KEY, guest_ids, leave_out, of_poll
from llmio.polls.service.outcomes import voters_of
from llmio.polls.service.voters import members_among, short

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
    invitation_limit.count(ctx, len(outside))
    parent = queries.created_event(ctx, kinds.OUTCOME_CREATED.name, "Outcome", outcome.id)
    audience = Audience([*inside, *outside], message=short(message), name=None if who == CHOSEN else who)
    custom = {KEY: outside} if outside else None
    ctx.publish(kinds.OUTCOME_ANNOUNCED, outcome, parent=parent, audience=audience, custom=custom)
    return [*inside, *outside]


def outcome_guests(ctx: Context, outcome: Outcome) -> list[User]:
    """People outside who were sent an outcome of the poll, by address."""
    query = select(User).where(User.id.in_(of_poll(ctx, outcome.poll_id or 0)), User.deactivated_at.is_(None))
    return list(ctx.db.scalars(query.order_by(User.email)))


def remove_outcome_guest(ctx: Context, outcome: Outcome, user: User) -> User:
    """Show somebody outside out, who was sent an outcome of the poll: their link and account open it no more.

    What they were mailed stays with them. Raises NotFound where they were sent none.
    """
    poll = outcome.poll
    ctx.require(Permission.OUTCOME_REMOVE_GUEST, outcome)
    if not leave_out(ctx, poll.id, user.id):
        raise NotFound(_("There is no such guest."))
    audit.note(ctx, "poll.remove_guest", poll, group_id=poll.group_id, user_id=user.id)
    ctx.db.flush()
    return user


def _by_address(ctx: Context, poll: Poll, emails: str) -> list[int]:
    """Those whose addresses were typed; who is new becomes known by it."""
    if not emails.strip():
        return []
    ctx.require(Permission.POLL_ADD_GUESTS, poll)
    good = read_addresses(emails)
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
