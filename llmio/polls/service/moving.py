"""A poll that stands alone comes into a thread, with what was said in it so far."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from llmio.core import versions
from llmio.core.errors import Conflict, Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions.models import Discussion
from llmio.polls import kinds, queries
from llmio.polls.models import Poll
from llmio.polls.service.counts import count_places, lock, recount
from llmio.polls.service.threads import bring_votes, place_of_poll, put
from llmio.polls.service.voters import enrol_everyone

if TYPE_CHECKING:
    from llmio.core.context import Context


def add_to_thread(ctx: Context, poll: Poll, discussion: Discussion) -> Poll:
    """Move a poll into a thread; its group follows. The votes that say why come along, where they may be shown."""
    ctx.require(Permission.POLL_UPDATE, poll)
    ctx.require(Permission.DISCUSSION_UPDATE, discussion)
    if discussion.closed_at is not None:
        raise Invalid.at("discussion_id", _("This thread is closed."))
    poll = lock(ctx, poll)
    if poll.discussion_id is not None:
        raise Conflict(_("This poll is in a thread already."))
    versions.record(
        ctx, poll, {"discussion_id": (None, discussion.id), "group_id": (poll.group_id, discussion.group_id)}
    )
    before = SimpleNamespace(group_id=poll.group_id, discussion_id=None)
    poll.discussion, poll.group = discussion, discussion.group
    poll.discussion_id, poll.group_id = discussion.id, discussion.group_id
    ctx.db.flush()
    created = queries.created_event(ctx, kinds.POLL_CREATED.name, "Poll", poll.id)
    place = place_of_poll(ctx, discussion)
    if created is not None and place is not None:
        put(ctx, created, place)
        bring_votes(ctx, poll)
    if not poll.specified_voters_only:
        enrol_everyone(ctx, poll)
    recount(ctx, poll)
    count_places(ctx, poll, before)
    ctx.changed(poll)
    ctx.changed(discussion)
    return poll
