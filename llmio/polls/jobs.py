"""Work of polls that nobody asks for: opening and closing at the set time, telling that it comes near, following the group."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Interval, literal, select

from llmio.core.jobs import job
from llmio.core.tables import Event
from llmio.discussions.models import Discussion
from llmio.groups.models import Membership
from llmio.polls import queries, service
from llmio.polls.models import Poll
from llmio.polls.values import ClosingSoon

if TYPE_CHECKING:
    from llmio.core.context import Context

BEFORE = timedelta(hours=24)


@job("polls.close_expired", queue="high")
def close_expired(ctx: Context) -> None:
    """Find polls whose time is over, and have each closed by a job of its own: one at fault holds up no other."""
    for poll_id in queries.lapsed_ids(ctx):
        ctx.enqueue(close_lapsed, poll_id)


@job("polls.close_lapsed", queue="high")
def close_lapsed(ctx: Context, poll_id: int) -> None:
    """Close one poll whose time is over."""
    service.expire_poll(ctx, queries.get(ctx, poll_id))


@job("polls.open_due", queue="high")
def open_due(ctx: Context) -> None:
    """Find drafts whose time to open has come, and have each opened by a job of its own: one at fault holds up no other."""
    for poll_id in queries.due_ids(ctx):
        ctx.enqueue(open_planned, poll_id)


@job("polls.open_planned", queue="high")
def open_planned(ctx: Context, poll_id: int) -> None:
    """Open one draft whose time has come; or, where that cannot be, have who planned it told."""
    for poll in queries.by_ids(ctx, [poll_id]):
        service.open_due(ctx, poll)


@job("polls.closing_soon")
def closing_soon(ctx: Context, since: str | None = None, _until: str | None = None) -> None:
    """Tell of polls that close in about a day: those that do in the hour that begins 24 hours from now.

    What should have been told while nobody was there to do it is made up for, but not for polls that were open for less
    than a day: whoever made them knows.
    """
    told = select(Event.id).where(
        Event.kind == "poll_closing_soon",
        Event.eventable_type == "Poll",
        Event.eventable_id == Poll.id,
        Event.created_at > ctx.now - BEFORE,
    )
    start = min(_moment(since) or ctx.now, ctx.now) + BEFORE
    due = select(Poll.id).where(
        queries.active(ctx.now),
        Poll.closing_at >= start,
        Poll.closing_at < ctx.now + BEFORE + timedelta(hours=1),
        (Poll.closing_at >= ctx.now + BEFORE) | (Poll.created_at <= Poll.closing_at - literal(BEFORE, Interval)),
        Poll.notify_on_closing_soon != ClosingSoon.NOBODY,
        ~told.exists(),
    )
    for poll in queries.by_ids(ctx, list(ctx.db.scalars(due))):
        service.announce_closing_soon(ctx, poll)


@job("polls.outcome_review_due")
def outcome_review_due(ctx: Context, since: str | None = None, _until: str | None = None) -> None:
    """Tell the authors of outcomes that are to be looked at again today, or were to be while nobody was there to tell."""
    first = min(_moment(since) or ctx.now, ctx.now).date()
    for outcome in queries.reviews_due(ctx, first, ctx.now.date()):
        service.announce_review(ctx, outcome)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@job("polls.follow_membership")
def follow_membership(ctx: Context, _record_type: str, membership_id: int) -> None:
    """Give new members of a group their place in its open polls, and take it from those who left."""
    membership = ctx.db.get(Membership, membership_id)
    if membership is not None and membership.group_id is not None:
        service.follow_members(ctx, membership.group_id)


@job("polls.follow_guests")
def follow_guests(ctx: Context, _record_type: str, discussion_id: int) -> None:
    """Give new guests of a thread their place in its open polls, and take it from those who were shown out.

    Where the thread was removed, whoever follows its outcomes hears of that.
    """
    service.follow_guests(ctx, discussion_id)
    discussion = ctx.db.get(Discussion, discussion_id)
    if discussion is not None and discussion.discarded_at is not None:
        for outcome in queries.outcomes_in_thread(ctx, discussion_id):
            ctx.changed(outcome)


@job("polls.recount", queue="low")
def recount(ctx: Context, poll_id: int) -> None:
    """Count the votes of a poll anew: its counters, and the scores kept beside each vote."""
    poll = ctx.db.get(Poll, poll_id)
    if poll is not None:
        service.recount_poll(ctx, poll)


JOBS = (
    recount, close_expired, close_lapsed, open_due, open_planned, closing_soon, outcome_review_due, follow_membership,
    follow_guests,
)  # fmt: skip
