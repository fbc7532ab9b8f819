"""Look-ups of threads, comments and reading marks that are used more than once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import aliased, contains_eager, joinedload

from llmio.accounts.models import User
from llmio.core.tables import Event, Version
from llmio.discussions import ranges
from llmio.discussions.models import Comment, Discussion, DiscussionReader, Reaction
from llmio.discussions.values import Person, Tally, ThreadRow, tally_of
from llmio.groups import queries as groups
from llmio.groups.models import Group, Membership

if TYPE_CHECKING:
    from llmio.core.context import Context

READERS = "discussions.readers"
RECENT = timedelta(weeks=6)
"""What moved last before that is no longer brought up as unread."""


def by_key(ctx: Context, key: str) -> Discussion | None:
    """The thread with this key, with group and author, in one query."""
    query = (
        select(Discussion)
        .outerjoin(Discussion.group)
        .outerjoin(Discussion.author)
        .options(contains_eager(Discussion.group), contains_eager(Discussion.author))
        .where(Discussion.key == key)
    )
    return ctx.db.scalars(query).one_or_none()


def by_ids(ctx: Context, ids: Sequence[int]) -> list[Discussion]:
    """Threads by id, with their groups, in one query."""
    query = select(Discussion).outerjoin(Discussion.group).options(contains_eager(Discussion.group))
    return list(ctx.db.scalars(query.where(Discussion.id.in_(ids)))) if ids else []


def comment(ctx: Context, comment_id: int) -> Comment | None:
    """A comment with its thread, group and author, in one query."""
    query = (
        select(Comment)
        .join(Comment.discussion)
        .outerjoin(Discussion.group)
        .outerjoin(Comment.user)
        .options(
            contains_eager(Comment.discussion).contains_eager(Discussion.group),
            contains_eager(Comment.user),
        )
        .where(Comment.id == comment_id)
    )
    return ctx.db.scalars(query).one_or_none()


def reader_of(ctx: Context, discussion_id: int) -> DiscussionReader | None:
    """The actor's place in a thread; asked once per context."""
    if ctx.actor is None:
        return None
    known = ctx.memo.setdefault(READERS, {})
    if discussion_id not in known:
        query = select(DiscussionReader).where(
            DiscussionReader.discussion_id == discussion_id, DiscussionReader.user_id == ctx.actor.id
        )
        known[discussion_id] = ctx.db.scalars(query).one_or_none()
    found: DiscussionReader | None = known[discussion_id]
    return found


def invited(ctx: Context, discussion_id: int, token: str) -> DiscussionReader | None:
    """The place of a guest who has not come yet, by the token of the invitation."""
    query = (
        select(DiscussionReader)
        .options(joinedload(DiscussionReader.user), joinedload(DiscussionReader.inviter))
        .where(
            DiscussionReader.discussion_id == discussion_id,
            DiscussionReader.token == token,
            DiscussionReader.guest.is_(True),
            DiscussionReader.revoked_at.is_(None),
            DiscussionReader.accepted_at.is_(None),
        )
    )
    return ctx.db.scalars(query).first()


def inviting(user_id: int) -> Select[Any]:
    """Places of a guest in threads."""
    return (
        select(DiscussionReader.id)
        .join(DiscussionReader.discussion)
        .where(
            DiscussionReader.user_id == user_id,
            DiscussionReader.guest.is_(True),
            DiscussionReader.revoked_at.is_(None),
            Discussion.discarded_at.is_(None),
        )
    )


def reader(ctx: Context, reader_id: int) -> DiscussionReader | None:
    """A place in a thread, with thread, group and person."""
    query = (
        select(DiscussionReader)
        .options(
            joinedload(DiscussionReader.discussion).joinedload(Discussion.group), joinedload(DiscussionReader.user)
        )
        .where(DiscussionReader.id == reader_id)
    )
    return ctx.db.scalars(query).one_or_none()


def readers(ctx: Context, discussion_id: int, limit: int = 300) -> list[DiscussionReader]:
    """Who has a place in a thread: guests first, by name."""
    query = (
        select(DiscussionReader)
        .join(DiscussionReader.user)
        .options(contains_eager(DiscussionReader.user))
        .where(
            DiscussionReader.discussion_id == discussion_id,
            DiscussionReader.revoked_at.is_(None),
            User.deactivated_at.is_(None),
        )
        .order_by(DiscussionReader.guest.desc(), func.lower(func.coalesce(User.name, User.email)), User.id)
    )
    return list(ctx.db.scalars(query.limit(limit)))


def guest_count(ctx: Context, discussion_id: int) -> int:
    """How many guests a thread has."""
    query = select(func.count()).where(
        DiscussionReader.discussion_id == discussion_id,
        DiscussionReader.guest.is_(True),
        DiscussionReader.revoked_at.is_(None),
    )
    return ctx.db.scalar(query) or 0


def forget_reader(ctx: Context, discussion_id: int) -> None:
    """Load the actor's place again when next asked: it changed."""
    ctx.memo.get(READERS, {}).pop(discussion_id, None)


def event_of(ctx: Context, record_type: str, record_id: int) -> Event | None:
    """The event that a record entered with: other events of the thread hang from it. That of the thread itself is no item."""
    query = select(Event).where(Event.eventable_type == record_type, Event.eventable_id == record_id)
    query = query.where(
        Event.kind.in_(
            ("new_discussion", "new_comment", "poll_created", "stance_created", "stance_updated", "outcome_created")
        )
    )
    no_item = Event.discussion_id.is_(None)
    first = no_item.desc() if record_type == "Discussion" else no_item
    return ctx.db.scalars(query.order_by(first, Event.id).limit(1)).one_or_none()


def event_at(ctx: Context, discussion_id: int, sequence_id: int) -> Event | None:
    """The item with this number in a thread."""
    query = select(Event).where(Event.discussion_id == discussion_id, Event.sequence_id == sequence_id)
    return ctx.db.scalars(query).one_or_none()


def records_in(ctx: Context, discussion_id: int, seen: ranges.Ranges) -> dict[str, list[int]]:
    """What stands in a thread within these ranges of sequence ids: type of record → ids."""
    if not seen:
        return {}
    within = or_(*(Event.sequence_id.between(first, last) for first, last in seen))
    query = select(Event.eventable_type, Event.eventable_id).where(Event.discussion_id == discussion_id, within)
    found: dict[str, list[int]] = {}
    for record_type, record_id in ctx.db.execute(query):
        if record_type and record_id:
            found.setdefault(record_type, []).append(record_id)
    return found


def has_replies(ctx: Context, comment_id: int) -> bool:
    """Whether a comment was answered."""
    query = select(Comment.id).where(Comment.parent_type == "Comment", Comment.parent_id == comment_id)
    return ctx.db.scalar(query.limit(1)) is not None


def people(ctx: Context, ids: Iterable[int | None]) -> dict[int, Person]:
    """Users as pages show them, by id, in one query."""
    wanted = {one for one in ids if one}
    if not wanted:
        return {}
    query = select(*Person.columns(User)).where(User.id.in_(wanted))
    return {row.id: Person.of(row) for row in ctx.db.execute(query)}


def tallies(ctx: Context, record_type: str, ids: Sequence[int]) -> dict[int, Tally]:
    """Who reacted how, by id of the record, in one query; records nobody reacted to are left out."""
    if not ids:
        return {}
    query = (
        select(Reaction.reactable_id, Reaction.reaction, Reaction.user_id, User.name)
        .outerjoin(User, User.id == Reaction.user_id)
        .where(Reaction.reactable_type == record_type, Reaction.reactable_id.in_(ids))
        .order_by(Reaction.id)
    )
    rows: dict[int, list[tuple[str, int | None, str | None]]] = {}
    for record_id, emoji, user_id, name in ctx.db.execute(query):
        if record_id is not None:
            rows.setdefault(record_id, []).append((emoji, user_id, name))
    return {record_id: tally_of(found, ctx.actor_id) for record_id, found in rows.items()}


def versions(ctx: Context, record_type: str, record_id: int) -> list[Version]:
    """The history of a record, the oldest first."""
    query = select(Version).where(Version.item_type == record_type, Version.item_id == record_id)
    return list(ctx.db.scalars(query.order_by(Version.id)))


# -- lists of threads ----------------------------------------------------------------------------------------------------


def kept() -> ColumnElement[bool]:
    """Threads that were not discarded."""
    return and_(Discussion.discarded_at.is_(None), Discussion.template.is_(False))


def visible_in_lists(ctx: Context) -> ColumnElement[bool]:
    """Threads of the actor's groups, and those they are a guest of (for queries joined with `_mine`)."""
    ids = [group.id for group in groups.groups_of(ctx)]
    guest = and_(DiscussionReader.guest.is_(True), DiscussionReader.revoked_at.is_(None))
    return or_(Discussion.group_id.in_(ids), guest)


def is_unread() -> ColumnElement[bool]:
    """Something happened that the reader has not read, nor put aside."""
    differs = func.coalesce(DiscussionReader.read_ranges_string, "") != func.coalesce(Discussion.ranges_string, "")
    return and_(
        or_(DiscussionReader.id.is_(None), DiscussionReader.last_read_at.is_(None), differs),
        ~is_aside(),
    )  # SQL


def is_aside() -> ColumnElement[bool]:
    """The reader put it aside, and nothing happened since."""
    return func.coalesce(DiscussionReader.dismissed_at >= Discussion.last_activity_at, False)  # SQL


def _rows(ctx: Context) -> Any:
    author = aliased(User)
    none_public = ctx.app.settings.on("features.disable_public_groups")
    unknown = true() if none_public else Group.is_visible_to_public.is_(False)
    return (
        select(
            *(getattr(Discussion, name) for name in ThreadRow.OWN),
            Group.name.label("group_name"),
            Group.key.label("group_key"),
            Group.handle.label("group_handle"),
            author.name.label("author_name"),
            author.avatar_initials.label("author_initials"),
            author.picture.label("author_picture"),
            DiscussionReader.read_ranges_string,
            DiscussionReader.last_read_at,
            DiscussionReader.dismissed_at,
            # To a guest the group of a thread may be unknown: no way leads there.
            and_(DiscussionReader.guest.is_(True), unknown).label("apart"),
        )
        .outerjoin(Group, Group.id == Discussion.group_id)
        .outerjoin(author, author.id == Discussion.author_id)
        .outerjoin(
            DiscussionReader,
            and_(DiscussionReader.discussion_id == Discussion.id, DiscussionReader.user_id == (ctx.actor_id or 0)),
        )
        .where(kept(), or_(Group.id.is_(None), Group.archived_at.is_(None)))
    )


def inbox(ctx: Context, *, aside: bool = False, limit: int = 50, offset: int = 0) -> list[ThreadRow]:
    """Threads with something unread, or those that were put aside; the liveliest first."""
    query = (
        _rows(ctx)
        .where(
            visible_in_lists(ctx), is_aside() if aside else is_unread(), Discussion.last_activity_at > ctx.now - RECENT
        )
        .order_by(Discussion.last_activity_at.desc(), Discussion.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [ThreadRow.of(row) for row in ctx.db.execute(query)]


def unread_since(ctx: Context, since: datetime, *, limit: int = 200) -> list[ThreadRow]:
    """Threads with something unread that moved after a moment and are not muted, the liveliest first."""
    muted = [group_id for group_id, row in groups.memberships_of_actor(ctx).items() if row.volume == 0]
    loud = or_(
        DiscussionReader.volume > 0,
        and_(DiscussionReader.id.is_(None), or_(Discussion.group_id.is_(None), Discussion.group_id.not_in(muted))),
    )
    query = (
        _rows(ctx)
        .where(visible_in_lists(ctx), is_unread(), Discussion.last_activity_at > since, loud)
        .order_by(Discussion.last_activity_at.desc(), Discussion.id.desc())
        .limit(limit)
    )
    return [ThreadRow.of(row) for row in ctx.db.execute(query)]


def among(ctx: Context, ids: Iterable[int]) -> list[ThreadRow]:
    """Of these threads those that the actor has in their lists."""
    query = _rows(ctx).where(visible_in_lists(ctx), Discussion.id.in_(list(ids)))
    return [ThreadRow.of(row) for row in ctx.db.execute(query)]


def recent(ctx: Context, *, limit: int = 20) -> list[ThreadRow]:
    """Open threads by last activity."""
    query = (
        _rows(ctx)
        .where(visible_in_lists(ctx), Discussion.closed_at.is_(None))
        .order_by(Discussion.last_activity_at.desc(), Discussion.id.desc())
        .limit(limit)
    )
    return [ThreadRow.of(row) for row in ctx.db.execute(query)]


def of_group(
    ctx: Context, group_id: int, *, private: bool, closed: bool = False, tag: str = "", limit: int = 25, offset: int = 0
) -> list[ThreadRow]:
    """A group's threads, pinned ones first, or those with a tag; `private` says whether those may be shown."""
    query = _rows(ctx).where(Discussion.group_id == group_id)
    query = query.where(Discussion.closed_at.is_not(None) if closed else Discussion.closed_at.is_(None))
    if not private:
        query = query.where(Discussion.private.is_(False))
    if tag:
        one = func.unnest(Discussion.tags).column_valued("one")
        query = query.where(select(1).where(func.lower(one) == tag.lower()).exists())
    query = query.order_by(
        Discussion.pinned_at.desc().nulls_last(), Discussion.last_activity_at.desc(), Discussion.id.desc()
    )
    return [ThreadRow.of(row) for row in ctx.db.execute(query.limit(limit).offset(offset))]


def public_paths(ctx: Context, limit: int) -> list[tuple[str, datetime | None]]:
    """(path, last activity) of every thread of a group that anyone may read, the newest first."""
    if ctx.app.settings.on("features.disable_public_groups"):
        return []
    query = (
        select(Discussion.key, Discussion.last_activity_at)
        .join(Group, Group.id == Discussion.group_id)
        .where(Discussion.private.is_(False), Discussion.discarded_at.is_(None), Group.archived_at.is_(None))
        .order_by(Discussion.id.desc())
        .limit(limit)
    )
    return [(f"/d/{key}", at) for key, at in ctx.db.execute(query)]


# -- people to mention and to tell ---------------------------------------------------------------------------------------


def mentionable(
    ctx: Context, group_id: int | None, discussion_id: int | None, words: str, limit: int = 8
) -> list[Person]:
    """Members of the group and guests of the thread whose name or username begins like this."""
    pattern = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    in_group = select(Membership.user_id).where(
        Membership.group_id == (group_id or 0), Membership.revoked_at.is_(None), Membership.accepted_at.is_not(None)
    )
    in_thread = select(DiscussionReader.user_id).where(
        DiscussionReader.discussion_id == (discussion_id or 0),
        DiscussionReader.guest.is_(True),
        DiscussionReader.revoked_at.is_(None),
    )
    query = (
        select(*Person.columns(User))
        .where(
            or_(User.id.in_(in_group), User.id.in_(in_thread)),
            User.deactivated_at.is_(None),
            User.bot.is_(False),
            User.username.is_not(None),
            or_(User.name.ilike(f"{pattern}%"), User.name.ilike(f"% {pattern}%"), User.username.ilike(f"{pattern}%")),
        )
        .order_by(func.lower(User.name), User.id)
        .limit(limit)
    )
    return [Person.of(row) for row in ctx.db.execute(query)]
