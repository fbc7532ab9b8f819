"""What every event does to its thread, in the transaction of the act: counters, and the actor's own reading mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from llmio.accounts.models import User
from llmio.core.tables import Event
from llmio.discussions import ranges
from llmio.discussions.kinds import NEW_DISCUSSION, PARTICIPATION
from llmio.discussions.models import Discussion
from llmio.discussions.service import reading

if TYPE_CHECKING:
    from llmio.core.context import Context

COUNT = text(
    """
    UPDATE discussions SET
      items_count = items_count + 1,
      last_sequence_id = greatest(last_sequence_id, :id),
      first_sequence_id = CASE WHEN first_sequence_id = 0 THEN :id ELSE least(first_sequence_id, :id) END,
      last_activity_at = :now,
      last_comment_at = CASE WHEN :is_comment THEN :now ELSE last_comment_at END,
      ranges_string = CASE
        WHEN coalesce(ranges_string, '') = '' THEN :id || '-' || :id
        WHEN ranges_string ~ ('-' || (:id - 1) || '$') THEN regexp_replace(ranges_string, '-[0-9]+$', '-' || :id)
        ELSE ranges_string || ',' || :id || '-' || :id
      END
    WHERE id = :discussion_id
    RETURNING ranges_string, group_id
    """
)
"""Sequence ids are given in order, under the lock of their counter: a new one goes to the end of the last range."""


def on_event(ctx: Context, event: Event) -> None:
    """Called for every event."""
    if event.discussion_id is not None and event.sequence_id is not None:
        existing, group_id = _count(ctx, event, event.discussion_id, event.sequence_id)
        if event.kind in PARTICIPATION and event.user_id:
            _took_part(ctx, event.user_id, event.discussion_id, group_id, existing, ranges.of([event.sequence_id]))
    elif event.kind == NEW_DISCUSSION.name and event.user_id and event.eventable_id:
        discussion = ctx.db.get_one(Discussion, event.eventable_id)
        _took_part(ctx, event.user_id, discussion.id, discussion.group_id, "", ())


def _count(ctx: Context, event: Event, discussion_id: int, sequence_id: int) -> tuple[str, int | None]:
    row = ctx.db.execute(
        COUNT,
        {
            "id": sequence_id,
            "discussion_id": discussion_id,
            "now": ctx.now.replace(tzinfo=None),
            "is_comment": event.eventable_type == "Comment",
        },
    ).one()
    # The row in the session is behind now; it is read again when it is next needed.
    held = ctx.db.identity_map.get(ctx.db.identity_key(Discussion, discussion_id))
    if held is not None:
        ctx.db.expire(
            held,
            [
                "items_count",
                "last_sequence_id",
                "first_sequence_id",
                "last_activity_at",
                "last_comment_at",
                "ranges_string",
            ],
        )
    return row.ranges_string, row.group_id


def _took_part(
    ctx: Context, user_id: int, discussion_id: int, group_id: int | None, existing: str, seen: ranges.Ranges
) -> None:
    reader = reading.place_of(ctx, discussion_id, group_id, user_id)
    reader.participating = True
    if ctx.db.scalar(select(User.email_on_participation).where(User.id == user_id)):
        reader.volume = reading.LOUD
    reading.note(ctx, reader, discussion_id, existing, seen)
