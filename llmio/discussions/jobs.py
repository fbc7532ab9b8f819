"""Jobs of threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core.jobs import job
from llmio.discussions.models import Discussion, DiscussionReader

if TYPE_CHECKING:
    from llmio.core.context import Context


@job("discussions.tell_gone", queue="critical", retries=1)
def tell_gone(ctx: Context, discussion_id: int, event_id: int) -> None:
    """Have open pages take out an item that was deleted: its record can no longer be asked for."""
    discussion = ctx.db.get(Discussion, discussion_id)
    if discussion is None:
        return
    readers = select(DiscussionReader.user_id).where(
        DiscussionReader.discussion_id == discussion_id, DiscussionReader.revoked_at.is_(None)
    )
    apart = readers.where(DiscussionReader.guest.is_(True)) if discussion.group_id else readers
    rooms = [f"user-{user_id}" for user_id in ctx.db.scalars(apart)]
    if discussion.group_id:
        rooms.append(f"group-{discussion.group_id}")
    gone = {"events": [{"id": event_id, "discussion_id": discussion_id, "destroyed": True}]}

    def publish(committed: bool) -> None:  # noqa: FBT001  # the hook's signature
        for room in rooms if committed else ():
            ctx.ports.live.publish(room, gone)

    ctx.tm.get().addAfterCommitHook(publish)
