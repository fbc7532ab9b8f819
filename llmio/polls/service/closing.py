"""Closing: by hand or at its time; opening again; discarding."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select, text, update

from llmio.core import audit, versions
from llmio.core.errors import Conflict, Invalid
from llmio.core.events import Audience
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.discussions.service import leave_out
from llmio.polls import calendar, kinds, queries, tasks
from llmio.polls.models import Poll, Stance
from llmio.polls.service.counts import count_places, lock, recount
from llmio.polls.service.threads import bring_votes, place_below
from llmio.polls.values import ClosingSoon, HideResults

if TYPE_CHECKING:
    from llmio.core.context import Context

RECEIPTS = text("""
INSERT INTO stance_receipts (poll_id, voter_id, inviter_id, invited_at, vote_cast, created_at, updated_at)
SELECT poll_id, participant_id, inviter_id, created_at, cast_at IS NOT NULL, :now, :now FROM stances
WHERE poll_id = :poll_id AND latest AND revoked_at IS NULL AND participant_id IS NOT NULL ORDER BY random()
""")


def close_poll(ctx: Context, poll: Poll) -> Poll:
    """Close by hand, before its time."""
    ctx.require(Permission.POLL_CLOSE, poll)
    poll = lock(ctx, poll)
    if poll.closed_at is not None:
        raise Conflict(_("This poll is closed already."))
    before = poll.closed_at
    _close(ctx, poll)
    versions.record(ctx, poll, {"closed_at": (before, ctx.now.isoformat())})
    place, parent = place_below(ctx, poll)
    ctx.publish(kinds.POLL_CLOSED_BY_USER, poll, place=place, parent=parent)
    return poll


def expire_poll(ctx: Context, poll: Poll) -> bool:
    """Close a poll whose time has come, for the schedule; False where there is nothing to do."""
    poll = lock(ctx, poll)
    if poll.closed_at is not None or poll.discarded_at is not None:
        return False
    if poll.closing_at is None or poll.closing_at > ctx.now:
        return False
    _close(ctx, poll)
    parent = queries.created_event(ctx, kinds.POLL_CREATED.name, "Poll", poll.id)
    ctx.publish(kinds.POLL_EXPIRED, poll, parent=parent, audience=Audience([poll.author_id]), nobody=True)
    return True


def _close(ctx: Context, poll: Poll) -> None:
    """Receipts, anonymity, votes kept back for the thread, and the time."""
    recount(ctx, poll)
    ctx.db.execute(text("DELETE FROM stance_receipts WHERE poll_id = :id"), {"id": poll.id})
    ctx.db.execute(RECEIPTS, {"poll_id": poll.id, "now": ctx.now.replace(tzinfo=None)})
    if poll.anonymous:
        _forget_voters(ctx, poll)
    poll.closed_at = poll.updated_at = ctx.now
    ctx.db.flush()
    if poll.hide_results == HideResults.UNTIL_CLOSED:
        bring_votes(ctx, poll)
    count_places(ctx, poll)
    ctx.changed(poll)


def _forget_voters(ctx: Context, poll: Poll) -> None:
    """Cut votes from voters for good: also from the token in their mail, from who asked them, and from tasks."""
    gone = {"participant_id": None, "inviter_id": None, "token": None, "guest": False, "admin": False}
    tasks.forget(ctx, poll)
    ctx.db.execute(update(Stance).where(Stance.poll_id == poll.id).values(**gone))
    queries.forget_stance(ctx, poll.id)


def reopen_poll(ctx: Context, poll: Poll, *, closing_at: datetime, call_off: bool = False) -> Poll:
    """Open a closed poll again until a new time.

    With `call_off` its outcome decides on no time any more: the meeting leaves the calendars of those who were mailed it.
    """
    ctx.require(Permission.POLL_REOPEN, poll)
    if closing_at <= ctx.now:
        raise Invalid.at("closing_at", _("Please choose a time in the future."))
    poll = lock(ctx, poll)
    if poll.closed_at is None:
        raise Conflict(_("This poll is open already."))
    changes = {"closed_at": (poll.closed_at.isoformat(), None), "closing_at": (_iso(poll.closing_at), _iso(closing_at))}
    poll.closing_at, poll.closed_at = closing_at, None
    poll.updated_at = ctx.now
    versions.record(ctx, poll, changes)
    ctx.db.flush()
    place, parent = place_below(ctx, poll)
    ctx.publish(kinds.POLL_REOPENED, poll, place=place, parent=parent)
    if call_off:
        _call_off(ctx, poll)
    count_places(ctx, poll)
    ctx.changed(poll)
    return poll


def _call_off(ctx: Context, poll: Poll) -> None:
    outcome = queries.outcomes(ctx, [poll.id]).get(poll.id)
    if outcome is not None and calendar.start_of(ctx, outcome) is not None:
        versions.record(ctx, outcome, {"poll_option_id": (outcome.poll_option_id, None)})
        outcome.poll_option_id, outcome.updated_at = None, ctx.now
        ctx.changed(outcome)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def discard_poll(ctx: Context, poll: Poll) -> Poll:
    """Take a poll away: title, text and results are shown to nobody any more; its votes leave the thread."""
    ctx.require(Permission.POLL_DISCARD, poll)
    poll = lock(ctx, poll)
    poll.discarded_at, poll.discarded_by, poll.opening = ctx.now, ctx.actor_id, None
    audit.note_of_other(ctx, "poll.discard", poll, author_id=poll.author_id, place=poll)
    versions.record(ctx, poll, {"discarded_at": (None, ctx.now.isoformat())})
    stances = select(Stance.id).where(Stance.poll_id == poll.id)
    votes = (Event.eventable_type == "Stance", Event.eventable_id.in_(stances))
    numbers = list(ctx.db.scalars(select(Event.sequence_id).where(*votes, Event.sequence_id.is_not(None))))
    leave = update(Event).where(*votes)
    ctx.db.execute(leave.values(discussion_id=None, sequence_id=None).execution_options(synchronize_session=False))
    if poll.discussion is not None and numbers:
        leave_out(ctx, poll.discussion, [number for number in numbers if number is not None])
    created = update(Event).where(
        Event.eventable_type == "Poll", Event.eventable_id == poll.id, Event.kind == kinds.POLL_CREATED.name
    )
    unpinned = created.values(user_id=None, pinned=False, child_count=0)
    ctx.db.execute(unpinned.execution_options(synchronize_session=False))
    count_places(ctx, poll)
    ctx.changed(poll)
    for outcome in queries.outcomes(ctx, [poll.id]).values():
        ctx.changed(outcome)
    return poll


def announce_closing_soon(ctx: Context, poll: Poll) -> None:
    """Tell those the author chose that a poll closes in about a day."""
    chosen = {
        ClosingSoon.AUTHOR: [poll.author_id],
        ClosingSoon.UNDECIDED_VOTERS: queries.voter_ids(ctx, poll.id, undecided=True),
        ClosingSoon.VOTERS: queries.voter_ids(ctx, poll.id),
    }.get(ClosingSoon(poll.notify_on_closing_soon), [])
    parent = queries.created_event(ctx, kinds.POLL_CREATED.name, "Poll", poll.id)
    ctx.publish(kinds.POLL_CLOSING_SOON, poll, parent=parent, audience=Audience(chosen), nobody=True)
