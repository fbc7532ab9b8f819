"""Items of a thread that are kept at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.discussions.models import Comment, Discussion

if TYPE_CHECKING:
    from llmio.core.context import Context


def pin_item(ctx: Context, discussion: Discussion, event_id: int) -> Event:
    """Name an item among those pinned in its thread."""
    return _set(ctx, discussion, event_id, pinned=True)


def unpin_item(ctx: Context, discussion: Discussion, event_id: int) -> Event:
    """Leave an item to its place in the thread alone."""
    return _set(ctx, discussion, event_id, pinned=False)


def _set(ctx: Context, discussion: Discussion, event_id: int, *, pinned: bool) -> Event:
    ctx.require(Permission.EVENT_PIN, discussion)
    event = ctx.db.get(Event, event_id, with_for_update=True)
    comment = ctx.db.get(Comment, event.eventable_id) if event and event.eventable_type == "Comment" else None
    if event is None or event.discussion_id != discussion.id or (pinned and comment and comment.discarded_at):
        raise NotFound(_("There is no such item."))
    if event.pinned != pinned:
        event.pinned = pinned
        if comment is not None:
            comment.updated_at = ctx.now  # open pages show it anew
            ctx.changed(comment)
        ctx.db.flush()
    return event
