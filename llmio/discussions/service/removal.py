"""A comment that goes for good, with all that hangs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, text, update

from llmio.core import audit, events
from llmio.core.errors import Conflict
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.tables import Event, Version
from llmio.discussions import queries, ranges
from llmio.discussions.models import Comment, Discussion, DiscussionReader, Reaction
from llmio.files import service as files

if TYPE_CHECKING:
    from llmio.core.context import Context

NOTICES = text("DELETE FROM notifications WHERE event_id = ANY(:ids)")


def destroy_comment(ctx: Context, comment: Comment) -> Discussion:
    """Delete a comment for good: text, history, reactions, notices, and its place in the thread. Nothing brings it back.

    Its files are swept with those that nothing refers to. Raises Conflict where somebody answered it meanwhile.
    """
    if not queries.has_replies(ctx, comment.id):
        ctx.require(Permission.COMMENT_DESTROY, comment)
    ctx.require(Permission.COMMENT_DISCARD, comment)
    discussion = ctx.db.get_one(Discussion, comment.discussion_id, with_for_update=True)
    own = select(Event).where(Event.eventable_type == "Comment", Event.eventable_id == comment.id)
    held = list(ctx.db.scalars(own.with_for_update()))
    if queries.has_replies(ctx, comment.id):
        raise Conflict(_("Somebody has answered this comment meanwhile. It can be removed from view, but not deleted."))
    audit.note_of_other(ctx, "comment.destroy", comment, author_id=comment.user_id, place=discussion)
    files.attach(ctx, comment, ())
    ctx.changed(comment)
    _delete_reactions(ctx, comment)
    items = [event for event in held if event.discussion_id == discussion.id]
    for event in items:
        events.take_out(ctx.db, event)
    _delete_events(ctx, [event.id for event in held])
    ctx.db.execute(delete(Version).where(Version.item_type == "Comment", Version.item_id == comment.id))
    ctx.db.delete(comment)
    ctx.db.flush()
    leave_out(ctx, discussion, [event.sequence_id for event in items if event.sequence_id])
    _tell(ctx, discussion, [event.id for event in items])
    return discussion


def _tell(ctx: Context, discussion: Discussion, ids: list[int]) -> None:
    """Have open pages take out what was deleted: its record can no longer be asked for."""
    query = select(DiscussionReader.user_id).where(
        DiscussionReader.discussion_id == discussion.id, DiscussionReader.revoked_at.is_(None)
    )
    apart = query.where(DiscussionReader.guest.is_(True)) if discussion.group_id else query
    rooms = [f"user-{user_id}" for user_id in ctx.db.scalars(apart)]
    if discussion.group_id:
        rooms.append(f"group-{discussion.group_id}")
    gone = {"events": [{"id": one, "discussion_id": discussion.id, "destroyed": True} for one in ids]}

    def publish(committed: bool) -> None:  # noqa: FBT001  # the hook's signature
        for room in rooms if committed else ():
            ctx.ports.live.publish(room, gone)

    ctx.tm.get().addAfterCommitHook(publish)


def _delete_reactions(ctx: Context, comment: Comment) -> None:
    ids = list(
        ctx.db.scalars(
            delete(Reaction)
            .where(Reaction.reactable_type == "Comment", Reaction.reactable_id == comment.id)
            .returning(Reaction.id)
        )
    )
    of_reactions = select(Event.id).where(Event.eventable_type == "Reaction", Event.eventable_id.in_(ids))
    _delete_events(ctx, list(ctx.db.scalars(of_reactions)) if ids else [])


def _delete_events(ctx: Context, ids: list[int]) -> None:
    if ids:
        ctx.db.execute(NOTICES, {"ids": ids})
        ctx.db.execute(delete(Event).where(Event.id.in_(ids)).execution_options(synchronize_session=False))


def leave_out(ctx: Context, discussion: Discussion, gone: list[int]) -> None:
    """What the thread counts, and what its readers have read, without these sequence ids.

    Their numbers are not given again: a page that is still open must not mark something new as read by an old number.
    """
    there = ranges.subtract(ranges.parse(discussion.ranges_string), ranges.of(gone))
    discussion.ranges_string = ranges.serialize(there)
    discussion.items_count = ranges.length(there)
    discussion.first_sequence_id = there[0][0] if there else 0
    discussion.last_sequence_id = there[-1][1] if there else 0
    remaining = select(func.max(Event.created_at)).where(Event.discussion_id == discussion.id)
    comments = select(func.max(Comment.created_at)).where(Comment.discussion_id == discussion.id)
    discussion.last_activity_at = ctx.db.scalar(remaining) or discussion.created_at
    discussion.last_comment_at = ctx.db.scalar(comments)
    query = select(DiscussionReader.id, DiscussionReader.read_ranges_string)
    rows = ctx.db.execute(query.where(DiscussionReader.discussion_id == discussion.id))
    changed: list[dict[str, Any]] = []
    for reader_id, read in rows:
        kept = ranges.serialize(ranges.intersect(ranges.parse(read), there))
        if kept != (read or ""):
            changed.append({"id": reader_id, "read_ranges_string": kept})
    if changed:
        ctx.db.execute(update(DiscussionReader), changed)
    queries.forget_reader(ctx, discussion.id)
    ctx.db.flush()
    ctx.changed(discussion)
