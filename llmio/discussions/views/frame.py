"""What the pages of threads share: values of the thread page, files of plain forms, choices of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmio.core import richtext
from llmio.core.permissions import Permission
from llmio.discussions import queries, ranges, timeline
from llmio.discussions.models import Discussion
from llmio.discussions.values import NO_TALLY, Person, is_aside, path_of
from llmio.files import service as files
from llmio.files.views import refuse_early
from llmio.groups import queries as groups
from llmio.groups.models import Group
from llmio.tasks import queries as tasks

if TYPE_CHECKING:
    from llmio.accounts.models import User
    from llmio.core.context import Context
    from llmio.discussions.forms import ThreadForm

PEOPLE_SHOWN = 300


def person_of(user: Any) -> Person | None:
    """A row of a user as templates take it."""
    return Person.of(user) if user else None


def thread_values(discussion: Discussion, request: Any) -> dict[str, Any]:
    """What every page of a thread needs."""
    ctx = request.ctx
    reader = queries.reader_of(ctx, discussion.id)
    unread = timeline.unread_ranges(ctx, discussion)
    update = ctx.can(Permission.DISCUSSION_UPDATE, discussion)
    return {
        "discussion": discussion,
        "group": discussion.group,
        "thread_url": path_of(discussion.key, discussion.title),
        "author": person_of(discussion.author),
        "reader": reader,
        "aside": reader is not None and is_aside(reader.dismissed_at, discussion.last_activity_at),
        "unread_count": ranges.length(unread),
        "first_visit": reader is None or reader.last_read_at is None,
        "rights": timeline.rights_in(ctx, discussion),
        "may": {
            "edit": update,
            "close": update,
            "pin": update and discussion.group_id is not None,
            "discard": ctx.can(Permission.DISCUSSION_DISCARD, discussion),
            "volume": ctx.can(Permission.DISCUSSION_SET_VOLUME, discussion),
            "comment": ctx.can(Permission.COMMENT_CREATE, discussion),
            "poll": ctx.can(Permission.POLL_CREATE, discussion),
            "group": discussion.group is not None and ctx.can(Permission.GROUP_SHOW, discussion.group),
        },
    }


def body_values(discussion: Discussion, request: Any) -> dict[str, Any]:
    """The thread's own text, with what people think of it."""
    tally = queries.tallies(request.ctx, "Discussion", [discussion.id])
    text = richtext.to_html(discussion.description, discussion.description_format, prefix="d-")
    may_change = request.ctx.can(Permission.DISCUSSION_UPDATE, discussion)
    drawn = tasks.with_boxes(request.ctx, "Discussion", {discussion.id: text}, lambda _id: may_change)
    return {
        "description": drawn[discussion.id],
        "tally": tally.get(discussion.id, NO_TALLY),
    }


def posted_files(request: Any, listed: list[int]) -> list[int]:
    """Files that were sent up before, and those that came with the form (browsers without scripts)."""
    refuse_early(request)
    return [*listed, *files.take_all(request.ctx, request.POST.getall("files"))]


def files_values(request: Any, present: Sequence[Any] | None = ()) -> dict[str, Any]:
    """Files of a form: those that are there, or, where a form was refused, those that it named."""
    posted = request.method == "POST"
    return {"files": files.typed(request.ctx, request.POST.getall("attachments")) if posted else present or ()}


def audience_values(group: Group | None, request: Any) -> dict[str, Any]:
    """Whom the author may tell."""
    if group is None:
        return {"may_tell_all": False, "people": []}
    return {
        "may_tell_all": request.ctx.can(Permission.GROUP_NOTIFY, group),
        "people": [
            Person.of(user)._replace(name=user.name or user.email or "") for user in _others(request.ctx, group)
        ],
    }


def told(ctx: Context, group: Group | None, form: ThreadForm) -> list[int]:
    """Those who were ticked: one by one, or all that the page lists."""
    return [user.id for user in _others(ctx, group)] if form.everyone and group is not None else form.people


def _others(ctx: Context, group: Group) -> list[User]:
    members = groups.members(ctx, group, limit=PEOPLE_SHOWN)
    return [member.user for member in members if member.user is not None and member.user_id != ctx.actor_id]
