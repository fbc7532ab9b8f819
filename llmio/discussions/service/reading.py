"""How far a person has read, and how much of a thread they want to hear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions import queries, ranges
from llmio.discussions.models import Discussion, DiscussionReader
from llmio.groups import queries as groups

if TYPE_CHECKING:
    from llmio.core.context import Context

NORMAL, LOUD = 2, 3
VOLUMES = frozenset((0, 1, NORMAL, LOUD))


def place_of(ctx: Context, discussion_id: int, group_id: int | None, user_id: int) -> DiscussionReader:
    """A person's place in a thread, locked; made where there is none, as loud as the person wants the group."""
    query = (
        select(DiscussionReader)
        .where(DiscussionReader.discussion_id == discussion_id, DiscussionReader.user_id == user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = ctx.db.scalars(query).one_or_none()
    if found is None:
        membership = groups.membership_of(ctx, group_id, user_id)
        volume = membership.volume if membership is not None and membership.volume is not None else NORMAL
        values = {
            "discussion_id": discussion_id,
            "user_id": user_id,
            "volume": volume,
            "created_at": ctx.now,
            "updated_at": ctx.now,
        }
        ctx.db.execute(insert(DiscussionReader).values(**values).on_conflict_do_nothing())
        found = ctx.db.scalars(query).one()
    queries.forget_reader(ctx, discussion_id)
    return found


def mark_read(ctx: Context, discussion: Discussion, seen: ranges.Ranges) -> DiscussionReader:
    """Note what the actor has seen; no more than there is."""
    ctx.require(Permission.DISCUSSION_MARK_READ, discussion)
    reader = place_of(ctx, discussion.id, discussion.group_id, ctx.signed_in().id)
    if reader.guest and reader.accepted_at is None:
        reader.accepted_at = ctx.now
    ctx.saw({"Discussion": [discussion.id], **queries.records_in(ctx, discussion.id, seen)})
    return note(ctx, reader, discussion.id, discussion.ranges_string, seen)


def note(
    ctx: Context, reader: DiscussionReader, discussion_id: int, existing: str | None, seen: ranges.Ranges
) -> DiscussionReader:
    """Add what was seen to a person's place."""
    if reader.last_read_at is None:
        ctx.db.execute(
            update(Discussion)
            .where(Discussion.id == discussion_id)
            .values(seen_by_count=Discussion.seen_by_count + 1)
            .execution_options(synchronize_session=False)
        )
    there = ranges.parse(existing)
    read = ranges.intersect(ranges.union(ranges.parse(reader.read_ranges_string), seen), there)
    reader.read_ranges_string = ranges.serialize(read)
    reader.last_read_sequence_id = read[-1][1] if read else reader.last_read_sequence_id
    reader.last_read_at = ctx.now
    ctx.db.flush()
    ctx.changed(reader)
    return reader


def dismiss(ctx: Context, discussion: Discussion) -> DiscussionReader:
    """Put a thread aside until something happens in it."""
    ctx.require(Permission.DISCUSSION_MARK_READ, discussion)
    reader = place_of(ctx, discussion.id, discussion.group_id, ctx.signed_in().id)
    reader.dismissed_at = ctx.now
    ctx.db.flush()
    return reader


def recall(ctx: Context, discussion: Discussion) -> DiscussionReader:
    """Bring a thread that was put aside back."""
    ctx.require(Permission.DISCUSSION_MARK_READ, discussion)
    reader = place_of(ctx, discussion.id, discussion.group_id, ctx.signed_in().id)
    reader.dismissed_at = None
    ctx.db.flush()
    return reader


def set_volume(ctx: Context, discussion: Discussion, *, volume: int) -> DiscussionReader:
    """How much of this thread reaches the actor."""
    ctx.require(Permission.DISCUSSION_SET_VOLUME, discussion)
    if volume not in VOLUMES:
        raise Invalid.at("volume", _("Please choose one of the options."))
    reader = place_of(ctx, discussion.id, discussion.group_id, ctx.signed_in().id)
    reader.volume = volume
    ctx.db.flush()
    return reader
