"""Opening a draft: at a time that somebody planned, or at once.

While an opening is planned the poll is a draft, of which nobody is told. A poll that opens for the first time is told of as
a new one; one that was told of before as edited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core import versions
from llmio.core.context import Context
from llmio.core.errors import Conflict, Invalid
from llmio.core.events import Audience
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.polls import kinds, queries
from llmio.polls.models import Poll, PollOpening
from llmio.polls.rules import thread_open
from llmio.polls.service.checking import check_whole, known_type
from llmio.polls.service.counts import lock
from llmio.polls.service.threads import place_below, place_of_poll

if TYPE_CHECKING:
    from llmio.polls.values import PollInput

REFUSED = "notifications.mail_not_opened"
"""The job that tells who planned an opening that it came to nothing."""


def plan(ctx: Context, poll: Poll, values: PollInput, *, notify: bool | None, message: str = "") -> None:
    """Have a draft opened at `values.opening_at`; without that, have it open by itself no more.

    `notify`: tell all who may vote then; None leaves what was said before.
    """
    if values.opening_at is None or values.closing_at is None:
        poll.opening = None
        return
    opening = poll.opening or PollOpening(notify=False, message="")
    opening.planner_id = ctx.signed_in().id
    opening.opening_at, opening.closing_at = values.opening_at, values.closing_at
    opening.notify = opening.notify if notify is None else notify
    opening.message = message.strip() or opening.message
    poll.opening = opening


def lock_with_opening(ctx: Context, poll: Poll) -> Poll:
    """Lock a poll; what is planned is fresh afterwards, too: it is changed under this lock alone."""
    poll = lock(ctx, poll)
    ctx.db.refresh(poll, ["opening"])
    return poll


def is_told_of(ctx: Context, poll: Poll) -> bool:
    """Whether people were told that the poll is there."""
    return queries.created_event(ctx, kinds.POLL_CREATED.name, "Poll", poll.id) is not None


def tell_of_new(ctx: Context, poll: Poll, *, notify: bool, message: str = "") -> None:
    """Tell that a poll was started; with `notify` all who may vote are asked to."""
    told = [one for one in queries.voter_ids(ctx, poll.id) if one != ctx.actor_id] if notify else []
    everyone = bool(told and poll.group_id and not poll.specified_voters_only)
    audience = Audience(told, message=message.strip() or None, name="group" if everyone else None)
    ctx.publish(kinds.POLL_CREATED, poll, place=place_of_poll(ctx, poll.discussion), audience=audience)


def tell_of_edit(ctx: Context, poll: Poll, *, message: str = "") -> None:
    """Tell that a poll was edited; with a message in its thread and to all who may vote, too."""
    place, parent = place_below(ctx, poll) if message.strip() else (None, None)
    told = [one for one in queries.voter_ids(ctx, poll.id) if one != ctx.actor_id] if message.strip() else []
    audience = Audience(told, message=message.strip() or None)
    ctx.publish(kinds.POLL_EDITED, poll, place=place, parent=parent, audience=audience)


def open_now(ctx: Context, poll: Poll) -> Poll:
    """Open a draft before its time."""
    ctx.require(Permission.POLL_UPDATE, poll)
    poll = lock_with_opening(ctx, poll)
    if poll.opening is None:
        raise Conflict(_("No opening of this poll is planned any more."))
    if poll.opening.closing_at <= ctx.now:
        raise Invalid(_("Its time to close has passed. Edit the poll and choose another."))
    check_whole(ctx, known_type(ctx, poll.poll_type), poll)
    _open(ctx, poll, poll.opening)
    return poll


def call_off_opening(ctx: Context, poll: Poll) -> Poll:
    """Have a draft open by itself no more."""
    ctx.require(Permission.POLL_UPDATE, poll)
    poll = lock_with_opening(ctx, poll)
    if poll.opening is None:
        raise Conflict(_("No opening of this poll is planned any more."))
    poll.opening = None
    ctx.changed(poll)
    return poll


def open_due(ctx: Context, poll: Poll) -> bool:
    """Open a draft whose time has come in the name of who planned it, for the schedule; False where it is not opened.

    What stands in the way ends the plan, and the planner is told.
    """
    poll = lock_with_opening(ctx, poll)
    opening = poll.opening
    if opening is None or opening.opening_at > ctx.now:
        return False
    planner = ctx.db.get(User, opening.planner_id)
    active = planner is not None and planner.deactivated_at is None
    theirs = Context(ctx.app, ctx.db, ctx.tm, identity_of(planner) if active else None, ctx.now)
    reason = _hindrance(theirs, poll, opening)
    if not reason:
        _open(theirs, poll, opening)
        return True
    poll.opening = None
    ctx.changed(poll)
    if poll.discarded_at is None:
        told = opening.planner_id if active else poll.author_id
        ctx.enqueue(ctx.app.jobs[REFUSED], poll.id, told, opening.opening_at.isoformat(), reason)
    return False


def _hindrance(ctx: Context, poll: Poll, opening: PollOpening) -> str:
    """Why a poll cannot be opened: a word for each reason; empty where it can."""
    if opening.closing_at <= ctx.now:
        return "late"
    if poll.group is not None and poll.group.archived_at is not None:
        return "group"
    if not thread_open(ctx, poll):
        return "thread"
    if not ctx.can(Permission.POLL_UPDATE, poll):
        return "person"
    try:
        check_whole(ctx, known_type(ctx, poll.poll_type), poll)
    except Invalid:
        return "settings"
    return ""


def _open(ctx: Context, poll: Poll, opening: PollOpening) -> None:
    poll.opening = None
    poll.closing_at, poll.updated_at = opening.closing_at, ctx.now
    versions.record(ctx, poll, {"closing_at": (None, opening.closing_at.isoformat())})
    ctx.db.flush()
    if is_told_of(ctx, poll):
        tell_of_edit(ctx, poll, message=opening.message)
    else:
        tell_of_new(ctx, poll, notify=opening.notify, message=opening.message)
    ctx.changed(poll)
