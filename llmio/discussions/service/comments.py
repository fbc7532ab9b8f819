"""Acts on comments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from llmio.core import audit, richtext, versions
from llmio.core.events import Place
from llmio.core.permissions import Permission
from llmio.discussions import kinds, queries
from llmio.discussions.models import Comment, Discussion
from llmio.discussions.service import places
from llmio.discussions.service.texts import taken
from llmio.files import service as files
from llmio.tasks import service as tasks

if TYPE_CHECKING:
    from llmio.core.context import Context


def add_comment(
    ctx: Context,
    discussion: Discussion,
    *,
    body: str,
    body_format: str = "md",
    parent: tuple[str, int] | None = None,
    attachments: Sequence[int] = (),
) -> Comment:
    """Say something in a thread, or answer something in it: `parent` is the type and id of what is answered."""
    ctx.require(Permission.COMMENT_CREATE, discussion)
    parent_type, parent_id = parent or ("Discussion", discussion.id)
    above = places.parent_of(ctx, discussion, parent_type, parent_id)
    comment = Comment(
        discussion_id=discussion.id,
        user_id=ctx.signed_in().id,
        body=taken(ctx, body, body_format, field="body", required=not attachments),
        body_format=body_format,
        parent_type=parent_type,
        parent_id=parent_id,
        created_at=ctx.now,
        attachments=[],
    )
    ctx.db.add(comment)
    ctx.db.flush()
    if attachments:
        files.attach(ctx, comment, attachments, body=comment.body)
    else:
        files.keep_pictures(ctx, comment, comment.body)
    tasks.keep(ctx, comment, ctx.signed_in().id)
    pinned = richtext.has_headings(comment.body, comment.body_format)
    ctx.publish(kinds.NEW_COMMENT, comment, place=Place(discussion.id, above, discussion.max_depth, pinned))
    ctx.changed(comment)
    ctx.saw({parent_type: [parent_id]})
    return comment


def edit_comment(
    ctx: Context,
    comment: Comment,
    *,
    body: str,
    body_format: str = "md",
    attachments: Sequence[int] = (),
    opened: datetime | None = None,
) -> Comment:
    """Change a comment; what it was is kept, and readers see that it was edited.

    `opened`: when the text was taken up to be changed; boxes that others ticked since stay as they are.
    """
    ctx.require(Permission.COMMENT_UPDATE, comment)
    fields = ("body", "body_format", "attachments")
    before = {name: getattr(comment, name) for name in fields}
    comment.body = taken(ctx, body, body_format, field="body", required=not attachments)
    comment.body_format = body_format
    files.attach(ctx, comment, attachments, body=comment.body)
    tasks.keep(ctx, comment, comment.user_id or ctx.signed_in().id, opened=opened)
    if versions.record(ctx, comment, {name: (before[name], getattr(comment, name)) for name in fields}) is None:
        return comment
    comment.edited_at = ctx.now
    ctx.db.flush()
    ctx.publish(kinds.COMMENT_EDITED, comment, parent=queries.event_of(ctx, "Comment", comment.id))
    ctx.changed(comment)
    return comment


def discard_comment(ctx: Context, comment: Comment) -> Comment:
    """Remove a comment from view; its place stays, and it can be brought back."""
    ctx.require(Permission.COMMENT_DISCARD, comment)
    if comment.discarded_at is None:
        comment.discarded_at, comment.discarded_by = ctx.now, ctx.signed_in().id
        audit.note_of_other(ctx, "comment.discard", comment, author_id=comment.user_id, place=comment.discussion)
        event = queries.event_of(ctx, "Comment", comment.id)
        if event is not None:
            event.pinned = False
        ctx.changed(comment)
    return comment


def undiscard_comment(ctx: Context, comment: Comment) -> Comment:
    """Bring a removed comment back."""
    ctx.require(Permission.COMMENT_DISCARD, comment)
    if comment.discarded_at is not None:
        comment.discarded_at, comment.discarded_by = None, None
        audit.note_of_other(ctx, "comment.restore", comment, author_id=comment.user_id, place=comment.discussion)
        ctx.changed(comment)
    return comment
