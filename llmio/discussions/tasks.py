"""Tasks in the texts of threads and comments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core.features import TaskPlace
from llmio.core.permissions import Permission
from llmio.discussions import queries
from llmio.discussions.models import Comment, Discussion

if TYPE_CHECKING:
    from llmio.core.context import Context


def _threads(ctx: Context, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    return {row.id: (row.title, row.url) for row in queries.among(ctx, ids)} if ids else {}


def _comments(ctx: Context, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    if not ids:
        return {}
    query = select(Comment.id, Comment.discussion_id).where(Comment.id.in_(ids), Comment.discarded_at.is_(None))
    threads = {comment_id: thread_id for comment_id, thread_id in ctx.db.execute(query) if thread_id}
    rows = {row.id: row for row in queries.among(ctx, set(threads.values()))}
    return {
        comment_id: (rows[thread_id].title, f"/d/{rows[thread_id].key}/comment/{comment_id}")
        for comment_id, thread_id in threads.items()
        if thread_id in rows
    }


def _is_kept(_ctx: Context, record: Discussion | Comment) -> bool:
    return record.discarded_at is None


PLACES = (
    TaskPlace(Discussion, "description", Permission.DISCUSSION_SHOW, Permission.DISCUSSION_UPDATE, _threads, _is_kept),
    TaskPlace(Comment, "body", Permission.DISCUSSION_SHOW, Permission.COMMENT_UPDATE, _comments, _is_kept),
)
