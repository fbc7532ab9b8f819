"""Items of a thread moved into another one, with what answers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select, text, update

from llmio.core import audit
from llmio.core.errors import Conflict, Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.discussions.models import Comment, Discussion
from llmio.polls.models import Outcome, Poll, Stance
from llmio.polls.service.counts import count_places
from llmio.upkeep.service.repair import repair_thread

if TYPE_CHECKING:
    from llmio.core.context import Context

MOVABLE = frozenset({"new_comment", "poll_created"})
MOST = 500
BELOW = text(
    "WITH RECURSIVE down AS (SELECT id FROM events WHERE id = ANY(:ids) AND discussion_id = :source UNION "
    "SELECT e.id FROM events e JOIN down ON e.parent_id = down.id WHERE e.discussion_id = :source) SELECT id FROM down"
)


def ask_to_move(ctx: Context, source: Discussion, target: Discussion, *, event_ids: Sequence[int]) -> int:
    """Have comments and polls moved, with all that answers them; how many were asked for."""
    for thread in (source, target):
        ctx.require(Permission.DISCUSSION_UPDATE, thread)
    if source.id == target.id:
        raise Invalid.at("target", _("This is the thread they are in."))
    if target.closed_at is not None:
        raise Conflict(_("The other thread is closed."))
    found = list(ctx.db.scalars(select(Event.id).where(_chosen(source, event_ids)).limit(MOST + 1)))
    if not found:
        raise Invalid.at("items", _("Please choose at least one comment or poll."))
    if len(found) > MOST:
        raise Invalid.at("items", _("At most {count} at once, please.", count=MOST))
    audit.note(ctx, "thread.move_items", source, group_id=source.group_id, to=target.id, items=found)
    ctx.enqueue(ctx.app.jobs["upkeep.move_items"], found, source.id, target.id)
    return len(found)


def _chosen(source: Discussion, event_ids: Sequence[int]) -> ColumnElement[bool]:
    return Event.id.in_(event_ids) & (Event.discussion_id == source.id) & Event.kind.in_(MOVABLE)


def move(ctx: Context, source: Discussion, target: Discussion, *, event_ids: Sequence[int]) -> list[Event]:
    """Move them: they are given new numbers at the end of the target, and both threads are put in order.

    What was moved already is not in the source any more: a second run moves nothing.
    """
    below = list(ctx.db.scalars(BELOW, {"ids": list(event_ids), "source": source.id}))
    items = list(ctx.db.scalars(select(Event).where(Event.id.in_(below)).order_by(Event.sequence_id, Event.id)))
    if not items:
        return []
    polls = [one.eventable_id for one in items if one.kind == "poll_created"]
    items += _of_polls(ctx, source, polls, {one.id for one in items})
    comments = [one.eventable_id for one in items if one.eventable_type == "Comment"]
    for one in items:
        one.discussion_id, one.sequence_id, one.parent_id, one.position_key = target.id, None, None, None
    ctx.db.flush()
    for model, ids in ((Comment, comments), (Poll, polls)):
        moved = update(model).where(model.id.in_(ids)).values(discussion_id=target.id)
        ctx.db.execute(moved.execution_options(synchronize_session="fetch"))
    ctx.db.execute(update(Poll).where(Poll.id.in_(polls)).values(group_id=target.group_id))
    _answer_thread(ctx, target, comments)
    count_places(ctx, source, target)
    for thread in (source, target):
        repair_thread(ctx, thread)
        ctx.changed(thread)
    target.last_activity_at = max(filter(None, (target.last_activity_at, *(one.created_at for one in items))))
    return items


def _of_polls(ctx: Context, source: Discussion, polls: Sequence[int | None], known: set[int]) -> list[Event]:
    """Votes and outcomes of moved polls that hang elsewhere in the thread, since it lets nothing hang deeper."""
    stances = select(Stance.id).where(Stance.poll_id.in_(polls))
    outcomes = select(Outcome.id).where(Outcome.poll_id.in_(polls))
    theirs = (
        ((Event.eventable_type == "Stance") & Event.eventable_id.in_(stances))
        | ((Event.eventable_type == "Outcome") & Event.eventable_id.in_(outcomes))
        | ((Event.eventable_type == "Poll") & Event.eventable_id.in_(polls))
    )
    query = select(Event).where(Event.discussion_id == source.id, theirs, Event.id.not_in(known))
    return list(ctx.db.scalars(query.order_by(Event.sequence_id)))


def _answer_thread(ctx: Context, target: Discussion, comments: Sequence[int | None]) -> None:
    """A comment whose parent did not come along answers the thread itself."""
    here = {
        "Comment": select(Comment.id).where(Comment.discussion_id == target.id),
        "Poll": select(Poll.id).where(Poll.discussion_id == target.id),
        "Stance": select(Stance.id).join(Poll, Poll.id == Stance.poll_id).where(Poll.discussion_id == target.id),
        "Outcome": select(Outcome.id).join(Poll, Poll.id == Outcome.poll_id).where(Poll.discussion_id == target.id),
    }
    moved = select(Comment).where(Comment.id.in_(comments)).execution_options(populate_existing=True)
    alone = {
        kind: set(
            ctx.db.scalars(
                moved.with_only_columns(Comment.id).where(Comment.parent_type == kind, Comment.parent_id.not_in(ids))
            )
        )
        for kind, ids in here.items()
    }
    for comment in ctx.db.scalars(moved):
        if comment.parent_type == "Discussion" or comment.id in alone.get(comment.parent_type, ()):
            comment.parent_type, comment.parent_id = "Discussion", target.id
    ctx.db.flush()
