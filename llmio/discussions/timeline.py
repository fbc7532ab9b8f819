"""The items of a thread: a stretch of them, loaded in bulk whatever feature they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from llmio.accounts.models import User
from llmio.core import richtext
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.discussions import queries, ranges, rules
from llmio.discussions.models import Comment, Discussion, Reaction
from llmio.discussions.values import NO_TALLY, CommentView, Person, Rights, Tally
from llmio.tasks import queries as tasks

if TYPE_CHECKING:
    from llmio.core.context import Context

PAGE = 50
CONTEXT = 5
"""Items shown before the one that was asked for."""
TEXTS = ("body", "statement", "reason")
"""Where items of a thread keep their words."""
HEADING = re.compile(r"<h[1-3][^>]*>(.*?)</h[1-3]>", re.DOTALL)
HEADING_LENGTH = 70
ANSWERABLE = frozenset(("poll_created", "stance_created", "stance_updated", "outcome_created"))
REACTABLE = frozenset(("Poll", "Stance", "Outcome"))
COLUMNS = (
    Event.id,
    Event.kind,
    Event.eventable_type,
    Event.eventable_id,
    Event.user_id,
    Event.created_at,
    Event.sequence_id,
    Event.depth,
    Event.pinned,
    Event.position_key,
    Event.parent_id,
    Event.custom_fields,
)
COMMENT_COLUMNS = (
    Comment.id,
    Comment.discussion_id,
    Comment.body,
    Comment.body_format,
    Comment.created_at,
    Comment.edited_at,
    Comment.discarded_at,
    Comment.parent_type,
    Comment.parent_id,
    Comment.attachments,
    Comment.user_id,
)


_reply = aliased(Comment)
ANSWERED = (
    select(_reply.id).where(_reply.parent_type == "Comment", _reply.parent_id == Comment.id).correlate(Comment).exists()
)


@dataclass(frozen=True, slots=True)
class EventView:
    """An event, as templates of items see it."""

    id: int
    kind: str
    eventable_type: str
    eventable_id: int
    user: Person | None
    created_at: datetime | None
    sequence_id: int
    depth: int
    pinned: bool
    position_key: str
    parent_id: int | None
    custom_fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One item: the event, the record it is about, and how it is shown."""

    event: EventView
    item: Any
    template: str
    unread: bool = False
    tally: Tally = NO_TALLY
    """Reactions, for items of other features (comments have their own)."""

    @property
    def answerable(self) -> bool:
        """Whether one can reply and react: where a poll, vote or outcome entered, not where something happened to it."""
        return self.event.kind in ANSWERABLE and getattr(self.item, "shown", True)

    @property
    def heading(self) -> str:
        """What it is called in a list: its first heading, or how it begins."""
        given = self.event.custom_fields.get("pinned_title")
        if given:
            return str(given)
        text = next((str(found) for name in TEXTS if (found := getattr(self.item, name, None))), "")
        found = HEADING.search(text)
        return richtext.excerpt(found[1] if found else text, "html", HEADING_LENGTH)

    @property
    def dom_id(self) -> str:
        """The id of its element."""
        return f"item-{self.event.id}"

    @property
    def depth(self) -> int:
        """How far in it stands: 0 for items of the first level."""
        return max(min(self.event.depth, 3) - 1, 0)


@dataclass(frozen=True)
class Stretch:
    """Consecutive items of a thread."""

    entries: Sequence[Entry]
    earlier: int = 0
    """Items before the first of these."""
    next_key: str | None = None
    """Position of the last of these, where more follow."""


def order(discussion: Discussion) -> list[Any]:
    """By place in the tree; with the newest first, the trees are turned around and not what is in them."""
    key = func.coalesce(Event.position_key, func.lpad(func.cast(Event.sequence_id, Event.kind.type), 5, "0"))
    return [func.left(key, 5).desc(), key.asc()] if discussion.newest_first else [key.asc()]


def beyond(discussion: Discussion, key: str, *, inclusive: bool = False) -> ColumnElement[bool]:
    """Items after a position in that order."""
    column = Event.position_key
    within = column >= key if inclusive else column > key
    if not discussion.newest_first:
        return within
    root = func.left(column, 5)
    return or_(root < key[:5], and_(root == key[:5], within))


def items(discussion: Discussion) -> Select[Any]:
    """The events of a thread."""
    return select(*COLUMNS).where(Event.discussion_id == discussion.id)


def stretch(
    ctx: Context,
    discussion: Discussion,
    *,
    start: str | None = None,
    after: str | None = None,
    upto: int | None = None,
    limit: int | None = PAGE,
) -> Stretch:
    """Items from `start` on (or after `after`), at most `limit`; `upto` leaves out what came after a sequence id."""
    query = items(discussion)
    if start:
        query = query.where(beyond(discussion, start, inclusive=True))
    if after:
        query = query.where(beyond(discussion, after))
    if upto is not None:
        query = query.where(Event.sequence_id <= upto)
    query = query.order_by(*order(discussion))
    rows = list(ctx.db.execute(query if limit is None else query.limit(limit + 1)))
    more = limit is not None and len(rows) > limit
    shown = rows[:limit] if more else rows
    earlier = 0
    if start and rows:
        total = ctx.db.scalar(select(func.count()).where(Event.discussion_id == discussion.id)) or 0
        rest = select(func.count()).where(
            Event.discussion_id == discussion.id, beyond(discussion, start, inclusive=True)
        )
        earlier = total - (ctx.db.scalar(rest) or 0)
    return Stretch(entries(ctx, discussion, shown), earlier, shown[-1].position_key if more else None)


def newer(ctx: Context, discussion: Discussion, sequence_id: int, limit: int = PAGE) -> Sequence[Entry]:
    """What came after a sequence id, in the order it came."""
    query = items(discussion).where(Event.sequence_id > sequence_id).order_by(Event.sequence_id).limit(limit)
    return entries(ctx, discussion, list(ctx.db.execute(query)))


def one(ctx: Context, discussion: Discussion, event_id: int) -> Entry | None:
    """A single item."""
    found = entries(ctx, discussion, list(ctx.db.execute(items(discussion).where(Event.id == event_id))))
    return found[0] if found else None


def of_record(ctx: Context, discussion: Discussion, record_type: str, record_id: int) -> Entry | None:
    """The item of a record."""
    query = items(discussion).where(Event.eventable_type == record_type, Event.eventable_id == record_id)
    found = entries(ctx, discussion, list(ctx.db.execute(query.order_by(Event.id).limit(1))))
    return found[0] if found else None


def start_for(ctx: Context, discussion: Discussion, sequence_id: int) -> str | None:
    """Where a stretch has to begin to show an item with some of what stands before it; None: at the beginning."""
    target = ctx.db.scalar(
        select(Event.position_key).where(Event.discussion_id == discussion.id, Event.sequence_id == sequence_id)
    )
    if target is None or discussion.newest_first:
        return target
    query = select(Event.position_key).where(Event.discussion_id == discussion.id, Event.position_key <= target)
    before = list(ctx.db.scalars(query.order_by(Event.position_key.desc()).limit(PAGE)))
    if len(before) < PAGE:
        return None
    return before[CONTEXT]


def changed(ctx: Context, discussion: Discussion, since: datetime, upto: int) -> list[Entry]:
    """Comments up to a sequence id that were edited, removed or reacted to after a moment."""
    touched = select(Comment.id).where(Comment.discussion_id == discussion.id, Comment.updated_at > since)
    reacted = (
        select(Comment.id)
        .join(Reaction, and_(Reaction.reactable_type == "Comment", Reaction.reactable_id == Comment.id))
        .where(Comment.discussion_id == discussion.id, Reaction.updated_at > since)
    )
    query = items(discussion).where(
        Event.eventable_type == "Comment",
        Event.kind == "new_comment",
        Event.sequence_id <= upto,
        or_(Event.eventable_id.in_(touched), Event.eventable_id.in_(reacted)),
    )
    return entries(ctx, discussion, list(ctx.db.execute(query.limit(PAGE))))


def before(ctx: Context, discussion: Discussion, entry: Entry) -> int | None:
    """The id of the item that stands right before this one; None where it is the first."""
    query = select(Event.id).where(Event.discussion_id == discussion.id, Event.position_key < entry.event.position_key)
    return ctx.db.scalar(query.order_by(Event.position_key.desc()).limit(1))


def pinned(ctx: Context, discussion: Discussion) -> list[Entry]:
    """What was pinned in a thread, in order. Polls stand in a list of their own, pinned or not."""
    query = items(discussion).where(Event.pinned.is_(True), Event.eventable_type != "Poll")
    rows = list(ctx.db.execute(query.order_by(*order(discussion)).limit(PAGE)))
    return [entry for entry in entries(ctx, discussion, rows) if getattr(entry.item, "discarded_at", None) is None]


def entries(ctx: Context, discussion: Discussion, rows: Sequence[Any]) -> list[Entry]:
    """Events with their records: one load for each type of record, whatever their number. What the actor may not see,
    or nobody knows how to show, is left out.
    """
    ids: dict[str, list[int]] = {}
    for row in rows:
        ids.setdefault(row.eventable_type, []).append(row.eventable_id)
    loaded = {kind: ctx.app.timeline[kind].load(ctx, found) for kind, found in ids.items() if kind in ctx.app.timeline}
    users = queries.people(ctx, (row.user_id for row in rows if row.eventable_type != "Comment"))
    unread = unread_ranges(ctx, discussion)
    tallies = {kind: queries.tallies(ctx, kind, found) for kind, found in ids.items() if kind in REACTABLE}
    made = []
    for row in rows:
        item = loaded.get(row.eventable_type, {}).get(row.eventable_id)
        if item is None:
            continue
        event = EventView(
            row.id,
            row.kind,
            row.eventable_type,
            row.eventable_id,
            item.author if isinstance(item, CommentView) else users.get(row.user_id),
            row.created_at,
            row.sequence_id or 0,
            row.depth,
            row.pinned,
            row.position_key or "",
            row.parent_id,
            row.custom_fields,
        )
        template = ctx.app.timeline[row.eventable_type].template
        tally = tallies.get(row.eventable_type, {}).get(row.eventable_id, NO_TALLY)
        made.append(Entry(event, item, template, ranges.contains(unread, event.sequence_id), tally))
    return made


def unread_ranges(ctx: Context, discussion: Discussion) -> ranges.Ranges:
    """What the actor has not read; nothing for who is not signed in."""
    if ctx.actor is None:
        return ()
    reader = queries.reader_of(ctx, discussion.id)
    return ranges.unread(discussion.ranges_string, reader.read_ranges_string if reader else None)


# -- how this feature's own records are shown ---------------------------------------------------------------------------


def rights_in(ctx: Context, discussion: Discussion) -> Rights:
    """What the actor may do with the comments of a thread; asked once for all of them."""
    key = ("discussions.rights", discussion.id)
    found: Rights | None = ctx.memo.get(key)
    if found is None:
        found = ctx.memo[key] = _rights(ctx, discussion)
    return found


def _rights(ctx: Context, discussion: Discussion) -> Rights:
    if ctx.actor is None:
        return Rights()
    is_open = rules.is_open(ctx, discussion)
    member = is_open and rules.thread_member(ctx, discussion)
    admin = is_open and rules.thread_admin(ctx, discussion)
    return Rights(
        reply=member,
        react=ctx.can(Permission.DISCUSSION_SHOW, discussion),
        edit_own=member and rules.setting("members_can_edit_comments")(ctx, discussion),
        edit_any=admin and rules.setting("admins_can_edit_user_content")(ctx, discussion),
        discard_own=member,
        discard_any=admin,
        destroy_own=member and rules.setting("members_can_delete_comments")(ctx, discussion),
        destroy_any=admin,
        pin=ctx.can(Permission.EVENT_PIN, discussion),
        actor_id=ctx.actor.id,
    )


def visible_threads(ctx: Context, ids: Iterable[int]) -> dict[int, Discussion]:
    """Threads by id, those the actor may see."""
    found = (ctx.db.get(Discussion, one_id) for one_id in sorted(set(ids)))
    return {
        discussion.id: discussion
        for discussion in found
        if discussion is not None and ctx.can(Permission.DISCUSSION_SHOW, discussion)
    }


def load_comments(ctx: Context, ids: Sequence[int]) -> dict[int, CommentView]:
    """Comments ready to be shown: two queries, whatever their number."""
    query = (
        select(
            *COMMENT_COLUMNS, ANSWERED.label("answered"), User.name, User.username, User.avatar_initials, User.picture
        )
        .outerjoin(User, User.id == Comment.user_id)
        .where(Comment.id.in_(ids))
    )
    rows = list(ctx.db.execute(query))
    threads = visible_threads(ctx, (row.discussion_id for row in rows if row.discussion_id))
    tallies = queries.tallies(ctx, "Comment", [row.id for row in rows])
    made = {}
    for row in rows:
        thread = threads.get(row.discussion_id)
        if thread is None:
            continue
        author = Person(row.user_id, row.name or "", row.username or "", row.avatar_initials or "", row.picture)
        made[row.id] = CommentView(
            id=row.id,
            discussion_id=thread.id,
            thread_key=thread.key or "",
            author=author if row.user_id else None,
            body=richtext.to_html(row.body, row.body_format, prefix=f"c{row.id}-"),
            created_at=row.created_at,
            edited_at=row.edited_at,
            discarded_at=row.discarded_at,
            parent_type=row.parent_type,
            parent_id=row.parent_id,
            attachments=row.attachments or (),
            tally=tallies.get(row.id, NO_TALLY),
            rights=rights_in(ctx, thread),
            answered=row.answered,
        )
    bodies = tasks.with_boxes(
        ctx, "Comment", {one.id: one.body for one in made.values()}, lambda one_id: made[one_id].can_edit
    )
    return {one.id: one if bodies[one.id] is one.body else replace(one, body=bodies[one.id]) for one in made.values()}


def load_discussions(ctx: Context, ids: Sequence[int]) -> dict[int, Discussion]:
    """Threads, for the lines that tell of their own changes."""
    return visible_threads(ctx, ids)
