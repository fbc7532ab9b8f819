"""Voting: cast, change, take back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from llmio.accounts.keys import new_token
from llmio.core import richtext, versions
from llmio.core.errors import Conflict, Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.plugins.guard import guard
from llmio.plugins.polls import Ballot, BallotError, require_own_options
from llmio.polls import kinds, queries
from llmio.polls.models import Poll, Stance, StanceChoice
from llmio.polls.rules import is_active
from llmio.polls.service.counts import lock, recount
from llmio.polls.service.threads import belongs_in_thread, is_in_thread, place_below
from llmio.polls.values import Reason, poll_value
from llmio.tasks import service as tasks
from llmio.tasks.lines import numbered

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.events import EventKind

SETTLED = timedelta(minutes=15)
"""A vote changed later than this after it was last saved makes a new entry in the thread."""
SHORTEST_REASON = 5
LONGEST_REASON = 500


def cast_vote(
    ctx: Context,
    poll: Poll,
    *,
    ballot: Ballot,
    reason: str | None = None,
    reason_format: str = "md",
    opened: datetime | None = None,
) -> Stance:
    """Cast the actor's vote, or change it. Returns the vote that counts now.

    `opened`: when the ballot was shown; boxes in the reason that others ticked since stay as they are.
    Raises Invalid naming the field where ballot or reason cannot be taken, Conflict where the poll closed meanwhile.
    """
    ctx.require(Permission.POLL_VOTE, poll)
    poll = _open_poll(ctx, poll)
    check_ballot(ctx, poll, ballot)
    text = check_reason(poll, reason, reason_format)
    stance = _own_stance(ctx, poll)
    first = stance.cast_at is None
    scores = {str(option): score for option, score in sorted(ballot.scores.items())}
    kind = kinds.STANCE_CREATED
    if not first and _stands_apart(ctx, poll, stance, scores):
        stance = _replacement(ctx, stance)
    elif not first:
        kind = kinds.STANCE_UPDATED
        _remember(ctx, poll, stance, text, scores)
    stance.option_scores = scores
    stance.none_of_the_above = ballot.none_of_the_above
    stance.reason, stance.reason_format = text, reason_format
    stance.cast_at = stance.updated_at = ctx.now
    ctx.db.flush()
    if kind is kinds.STANCE_UPDATED:
        ctx.db.execute(delete(StanceChoice).where(StanceChoice.stance_id == stance.id))
    if ballot.scores:
        rows = [{"stance_id": stance.id, "poll_option_id": option, "score": score, "created_at": ctx.now,
                 "updated_at": ctx.now} for option, score in ballot.scores.items()]  # fmt: skip
        ctx.db.execute(insert(StanceChoice), rows)
    recount(ctx, poll)
    if not poll.anonymous:
        tasks.keep(ctx, stance, stance.participant_id, opened=opened)
    _tell(ctx, poll, stance, kind)
    ctx.saw({"Poll": [poll.id]})
    return stance


def uncast(ctx: Context, poll: Poll) -> Stance:
    """Take the actor's vote back: an empty one takes its place, and what was cast counts no more."""
    ctx.require(Permission.POLL_VOTE, poll)
    mine = queries.my_stance(ctx, poll.id)
    if mine is None or mine.cast_at is None:
        raise Invalid(_("You have not voted yet."))
    ctx.require(Permission.STANCE_UNCAST, mine)
    poll = _open_poll(ctx, poll)
    before = _own_stance(ctx, poll)
    after = _replacement(ctx, before)
    recount(ctx, poll)
    ctx.changed(before)
    ctx.changed(after)
    ctx.changed(poll)
    return after


def check_ballot(ctx: Context, poll: Poll, ballot: Ballot) -> None:
    """Have the poll's type check a ballot; raises Invalid. A type that fails at it takes no votes."""
    poll_type = ctx.app.plugins.poll_type(poll.poll_type)
    value = poll_value(ctx.app, poll)
    try:
        require_own_options(ballot, value)
        checked = guard(
            ctx.app.plugins,
            poll_type,
            f"poll type {poll.poll_type}: check",
            lambda: (poll_type.check(ballot, value), True)[1],
            fallback=False,
            passes=(BallotError,),
            now=ctx.now,
        )
    except BallotError as fault:
        raise Invalid.at(fault.field, fault.message) from None
    if not checked:
        raise Invalid(
            _("This kind of poll does not work at the moment; your vote was not taken. Please try again later.")
        )


def check_reason(poll: Poll, reason: str | None, reason_format: str) -> str | None:
    """The reason as it is stored; raises Invalid where it is missing or too long."""
    if poll.stance_reason_required == Reason.DISABLED:
        return None
    text = richtext.clean(reason, reason_format)
    length = richtext.visible_length(text, reason_format)
    if poll.stance_reason_required == Reason.REQUIRED and length <= SHORTEST_REASON:
        raise Invalid.at("reason", _("Please give a reason, in a few words."))
    if poll.limit_reason_length and length > LONGEST_REASON:
        raise Invalid.at("reason", _("At most {count} characters, please.", count=LONGEST_REASON))
    return numbered(text, reason_format) if length else None


def _open_poll(ctx: Context, poll: Poll) -> Poll:
    fresh = lock(ctx, poll)
    if not is_active(ctx, fresh):
        raise Conflict(_("This poll closed just now; your vote could not be counted."))
    return fresh


def _own_stance(ctx: Context, poll: Poll) -> Stance:
    """The actor's latest stance, locked; a new one where the poll is open to all and they have none."""
    me = ctx.signed_in()
    mine = select(Stance).where(Stance.poll_id == poll.id, Stance.participant_id == me.id, Stance.latest.is_(True))
    query = mine.with_for_update(key_share=True)
    stance = ctx.db.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if stance is None:
        stance = Stance(poll_id=poll.id, participant_id=me.id, token=new_token(), created_at=ctx.now, inviter_id=me.id)
        ctx.db.add(stance)
        queries.forget_stance(ctx, poll.id)
    stance.revoked_at = None  # who was away and belongs here again; whoever was taken out never comes so far
    return stance


def _stands_apart(ctx: Context, poll: Poll, stance: Stance, scores: dict[str, int]) -> bool:
    """Whether a change is told anew: the poll is in a thread, the choice differs, and the vote stood for a while."""
    settled = stance.updated_at is not None and ctx.now - stance.updated_at > SETTLED
    return poll.discussion_id is not None and dict(stance.option_scores) != scores and settled


def _replacement(ctx: Context, before: Stance) -> Stance:
    """A stance in the place of another, which stays as history."""
    before.latest = False
    ctx.db.flush()  # two latest stances of one person cannot be, not even within a flush
    after = Stance(
        poll_id=before.poll_id,
        participant_id=before.participant_id,
        inviter_id=before.inviter_id,
        accepted_at=before.accepted_at,
        token=new_token(),
        volume=before.volume,
        admin=before.admin,
        guest=before.guest,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    ctx.db.add(after)
    ctx.db.flush()
    tasks.move(ctx, before, after)
    queries.forget_stance(ctx, before.poll_id)
    return after


def _remember(ctx: Context, poll: Poll, stance: Stance, reason: str | None, scores: dict[str, int]) -> None:
    """Keep the former vote as a version; never in an anonymous poll, where it would name the voter."""
    if not poll.anonymous:
        before = dict(stance.option_scores)
        versions.record(ctx, stance, {"reason": (stance.reason, reason), "option_scores": (before, scores)})


def _tell(ctx: Context, poll: Poll, stance: Stance, kind: EventKind) -> None:
    """Publish the vote; in an anonymous poll without saying whose it is."""
    place, parent = None, None
    if belongs_in_thread(poll, stance) and (kind is kinds.STANCE_CREATED or not is_in_thread(ctx, stance)):
        place, parent = place_below(ctx, poll)
    else:
        parent = queries.created_event(ctx, kinds.POLL_CREATED.name, "Poll", poll.id)
    ctx.publish(kind, stance, place=place, parent=parent, nobody=poll.anonymous)
    ctx.changed(stance)
