"""A thread moved to another group, with its polls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from llmio.core import audit
from llmio.core.errors import Invalid, NotAllowed
from llmio.core.events import Place
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions import kinds, rules
from llmio.discussions.models import Discussion
from llmio.discussions.service import places, tagging, threads
from llmio.groups import queries as groups
from llmio.groups.models import Group
from llmio.polls.models import Poll
from llmio.polls.service.counts import count_polls_of
from llmio.polls.service.voters import follow_members

if TYPE_CHECKING:
    from llmio.core.context import Context


def targets(ctx: Context, discussion: Discussion) -> list[Group]:
    """The actor's groups that it could go to; none for who wrote it and has left its group since."""
    if not rules.thread_member(ctx, discussion):
        return []
    mine = [one for one in groups.groups_of(ctx) if one.id != discussion.group_id]
    return [one for one in mine if ctx.can(Permission.DISCUSSION_CREATE, one)]


def relocate(ctx: Context, discussion: Discussion, target: Group) -> Discussion:
    """Move it: from now on members of the other group read it and vote in its polls; guests stay guests."""
    ctx.require(Permission.DISCUSSION_UPDATE, discussion)
    ctx.require(Permission.DISCUSSION_CREATE, target)
    if not rules.thread_member(ctx, discussion):
        raise NotAllowed(_("Only who belongs to the thread may move it."))
    source = discussion.group
    if source is not None and source.id == target.id:
        raise Invalid.at("group_id", _("It is in this group already."))
    root = places.root_of(ctx, discussion)
    discussion.group, discussion.group_id, discussion.pinned_at = target, target.id, None
    discussion.private = threads.private_in(target, private=discussion.private)
    ctx.db.flush()
    polls = update(Poll).where(Poll.discussion_id == discussion.id).values(group_id=target.id)
    ctx.db.execute(polls.execution_options(synchronize_session="fetch"))
    tagging.put(ctx, discussion, list(discussion.tags or ()), field="tags")
    touched = [one.id for one in (source, target) if one is not None]
    for group_id in touched:
        threads.recount_group(ctx, group_id)
    count_polls_of(ctx, touched)
    follow_members(ctx, target.id)
    audit.note(ctx, "thread.move", discussion, group_id=source.id if source else None, to=target.id)
    custom = {"source_group_id": source.id} if source else {}
    ctx.publish(
        kinds.DISCUSSION_MOVED, discussion, place=Place(discussion.id, root, discussion.max_depth), custom=custom
    )
    ctx.changed(discussion)
    return discussion
