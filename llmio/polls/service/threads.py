"""Where polls, votes and outcomes stand in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core import events, richtext
from llmio.core.events import Place
from llmio.core.tables import Event
from llmio.discussions import listeners
from llmio.polls import kinds, queries
from llmio.polls.models import Poll, Stance
from llmio.polls.values import HideResults

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.discussions.models import Discussion


def place_of_poll(ctx: Context, discussion: Discussion | None) -> Place | None:
    """Where a new poll goes: below the thread's first event, pinned."""
    if discussion is None:
        return None
    root = queries.created_event(ctx, "new_discussion", "Discussion", discussion.id)
    return Place(discussion.id, root, discussion.max_depth, pinned=True)


def place_below(ctx: Context, poll: Poll) -> tuple[Place | None, Event | None]:
    """Where votes, closing and outcome of a poll go, and the event of the poll they hang from."""
    parent = queries.created_event(ctx, kinds.POLL_CREATED.name, "Poll", poll.id)
    if poll.discussion is None or parent is None:
        return None, parent
    return Place(poll.discussion.id, parent, poll.discussion.max_depth), parent


def belongs_in_thread(poll: Poll, stance: Stance) -> bool:
    """Whether a vote becomes an item of the thread: it says why, and results are not kept for the end."""
    return (
        poll.discussion_id is not None
        and (poll.hide_results != HideResults.UNTIL_CLOSED or poll.closed_at is not None)
        and bool(stance.reason and richtext.plain(stance.reason, stance.reason_format))
    )


def is_in_thread(ctx: Context, stance: Stance) -> bool:
    """Whether a vote is an item of the thread already."""
    query = select(Event.id).where(
        Event.eventable_type == "Stance", Event.eventable_id == stance.id, Event.discussion_id.is_not(None)
    )
    return ctx.db.scalar(query.limit(1)) is not None


def bring_votes(ctx: Context, poll: Poll) -> None:
    """Votes that belong in the thread and are not there become items of it."""
    place, _parent = place_below(ctx, poll)
    if place is None:
        return
    votes = select(Stance).where(queries.counted(poll.id), Stance.cast_at.is_not(None)).order_by(Stance.cast_at)
    waiting = [stance.id for stance in ctx.db.scalars(votes) if belongs_in_thread(poll, stance)]
    told = select(Event).where(
        Event.eventable_type == "Stance", Event.eventable_id.in_(waiting), Event.kind == kinds.STANCE_CREATED.name
    )
    for event in ctx.db.scalars(told.order_by(Event.id)).all():
        if event.discussion_id is None:
            put(ctx, event, place)


def put(ctx: Context, event: Event, place: Place) -> None:
    """Give an event that is there already its place in a thread, which counts it."""
    events.put(ctx.db, event, place)
    ctx.db.flush()
    listeners.on_event(ctx, event)
