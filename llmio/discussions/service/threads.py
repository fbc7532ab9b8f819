"""Acts on a thread as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import text

from llmio.accounts.keys import new_key
from llmio.core import audit, versions
from llmio.core.errors import Invalid
from llmio.core.events import Audience, Place
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions import kinds
from llmio.discussions.models import Discussion
from llmio.discussions.service import places, tagging
from llmio.discussions.service.texts import taken
from llmio.files import service as files
from llmio.groups import queries as groups
from llmio.groups.models import Group
from llmio.tasks import service as tasks

if TYPE_CHECKING:
    from llmio.core.context import Context

Notify = Literal["nobody", "group", "people"]
TITLE_LENGTH = 150
RECOUNT = text(
    """
    UPDATE groups SET
      discussions_count = c.kept, open_discussions_count = c.kept - c.closed, closed_discussions_count = c.closed,
      public_discussions_count = c.public
    FROM (
      SELECT count(*) AS kept, count(closed_at) AS closed, count(*) FILTER (WHERE NOT private) AS public
      FROM discussions WHERE group_id = :group_id AND discarded_at IS NULL AND NOT template
    ) AS c
    WHERE groups.id = :group_id
    """
)


def start_discussion(
    ctx: Context,
    group: Group | None,
    *,
    title: str,
    description: str = "",
    description_format: str = "md",
    private: bool = True,
    notify: Notify = "nobody",
    people: Sequence[int] = (),
    attachments: Sequence[int] = (),
    tags: Sequence[str] = (),
) -> Discussion:
    """Start a thread, and tell those whom the author chose."""
    ctx.require(Permission.DISCUSSION_CREATE, group)
    discussion = Discussion(
        key=new_key(),
        group=group,
        author_id=ctx.signed_in().id,
        title=_title(title),
        description=taken(ctx, description, description_format, field="description", required=False),
        description_format=description_format,
        private=private_in(group, private=private),
        max_depth=group.new_threads_max_depth if group else 3,
        newest_first=bool(group and group.new_threads_newest_first),
        created_at=ctx.now,
        last_activity_at=ctx.now,
        attachments=[],
        tags=[],
    )
    ctx.db.add(discussion)
    ctx.db.flush()
    files.attach(ctx, discussion, attachments, body=discussion.description)
    tasks.keep(ctx, discussion, discussion.author_id)
    tagging.put(ctx, discussion, tags)
    _recount(ctx, discussion)
    ctx.publish(kinds.NEW_DISCUSSION, discussion, audience=audience(ctx, group, notify, people))
    ctx.changed(discussion)
    return discussion


def edit_discussion(
    ctx: Context,
    discussion: Discussion,
    *,
    title: str,
    description: str,
    description_format: str,
    private: bool,
    attachments: Sequence[int] = (),
    notify: Notify = "nobody",
    people: Sequence[int] = (),
    message: str = "",
    tags: Sequence[str] | None = None,
    opened: datetime | None = None,
) -> Discussion:
    """Change a thread; what it was is kept (tags aside: without them they stay). With a message the change becomes an item of the thread.

    `opened`: when the text was taken up to be changed; boxes that others ticked since stay as they are.
    """
    ctx.require(Permission.DISCUSSION_UPDATE, discussion)
    fields = ("title", "description", "description_format", "private", "attachments")
    before = {name: getattr(discussion, name) for name in fields}
    discussion.title = _title(title)
    discussion.description = taken(ctx, description, description_format, field="description", required=False)
    discussion.description_format = description_format
    discussion.private = private_in(discussion.group, private=private)
    files.attach(ctx, discussion, attachments, body=discussion.description)
    tasks.keep(ctx, discussion, discussion.author_id, opened=opened)
    tagged = tags is not None and tagging.put(ctx, discussion, tags)
    version = versions.record(ctx, discussion, {name: (before[name], getattr(discussion, name)) for name in fields})
    message = message.strip()
    if version is None and not message:
        if tagged:
            ctx.changed(discussion)
        return discussion
    _recount(ctx, discussion)
    told = audience(ctx, discussion.group, notify, people, message=message or None)
    root = places.root_of(ctx, discussion)
    place = Place(discussion.id, root, discussion.max_depth) if message else None
    ctx.publish(kinds.DISCUSSION_EDITED, discussion, place=place, parent=None if place else root, audience=told)
    ctx.changed(discussion)
    return discussion


def audience(
    ctx: Context, group: Group | None, notify: Notify, people: Sequence[int], *, message: str | None = None
) -> Audience:
    """Whom the actor chose to tell: nobody, the group's members, or some of them."""
    if notify == "nobody" or group is None:
        return Audience(message=message)
    members = [one for one in groups.member_ids(ctx, group.id) if one != ctx.actor_id]
    if notify == "group":
        ctx.require(Permission.GROUP_NOTIFY, group)
        return Audience(members, message=message, name="group")
    chosen = [one for one in members if one in set(people)]
    if not chosen:
        raise Invalid.at("people", _("Please choose at least one person."))
    return Audience(chosen, message=message)


def close_discussion(ctx: Context, discussion: Discussion) -> Discussion:
    """End a thread: it can be read, and takes no new words."""
    ctx.require(Permission.DISCUSSION_CLOSE, discussion)
    if discussion.closed_at is None:
        discussion.closed_at, discussion.closer_id = ctx.now, ctx.signed_in().id
        _changed(ctx, discussion)
    return discussion


def reopen_discussion(ctx: Context, discussion: Discussion) -> Discussion:
    """Let a closed thread go on."""
    ctx.require(Permission.DISCUSSION_CLOSE, discussion)
    if discussion.closed_at is not None:
        discussion.closed_at, discussion.closer_id = None, None
        _changed(ctx, discussion)
    return discussion


def discard_discussion(ctx: Context, discussion: Discussion) -> Discussion:
    """Take a thread away from everybody. Its rows are kept."""
    ctx.require(Permission.DISCUSSION_DISCARD, discussion)
    discussion.discarded_at, discussion.discarded_by = ctx.now, ctx.signed_in().id
    audit.note_of_other(ctx, "thread.discard", discussion, author_id=discussion.author_id, place=discussion)
    _changed(ctx, discussion)
    return discussion


def pin_discussion(ctx: Context, discussion: Discussion) -> Discussion:
    """Keep a thread at the top of its group."""
    ctx.require(Permission.DISCUSSION_PIN, discussion)
    discussion.pinned_at = discussion.pinned_at or ctx.now
    ctx.changed(discussion)
    return discussion


def unpin_discussion(ctx: Context, discussion: Discussion) -> Discussion:
    """Let it find its place by activity again."""
    ctx.require(Permission.DISCUSSION_PIN, discussion)
    discussion.pinned_at = None
    ctx.changed(discussion)
    return discussion


def _changed(ctx: Context, discussion: Discussion) -> None:
    _recount(ctx, discussion)
    ctx.changed(discussion)


def _recount(ctx: Context, discussion: Discussion) -> None:
    ctx.db.flush()
    if discussion.group_id:
        recount_group(ctx, discussion.group_id)


def recount_group(ctx: Context, group_id: int) -> None:
    """Bring up to date how many threads a group is said to have."""
    ctx.db.execute(RECOUNT, {"group_id": group_id})


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not title:
        raise Invalid.at("title", _("Please fill this in."))
    if len(title) > TITLE_LENGTH:
        raise Invalid.at("title", _("At most {count} characters, please.", count=TITLE_LENGTH))
    return title


def private_in(group: Group | None, *, private: bool) -> bool:
    """What the group allows; a thread outside groups is never public."""
    if group is None:
        return True
    return {"private_only": True, "public_only": False}.get(group.discussion_privacy_options, private)
