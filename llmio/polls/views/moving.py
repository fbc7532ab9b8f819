"""A poll that stands alone is put into a thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from pyramid.view import view_config

from llmio.core.errors import Conflict, Invalid
from llmio.core.forms import Form, form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions import queries as threads
from llmio.discussions.models import Discussion
from llmio.polls import cards, service
from llmio.polls.models import Poll

PAGE = "llmio:web/templates/polls/thread.jinja2"
MOST = 100
View = Mapping[str, Any]


class ThreadForm(Form):
    """Which thread."""

    discussion_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


def open_threads(poll: Poll, request: Any) -> list[tuple[str, str]]:
    """Threads that the poll could go into: those of its group, or of all of the actor's groups where it has none."""
    ctx = request.ctx
    rows = (
        threads.of_group(ctx, poll.group_id, private=True, limit=MOST)
        if poll.group_id
        else threads.recent(ctx, limit=MOST)
    )
    found = {one.id: one for one in threads.by_ids(ctx, [row.id for row in rows])}
    allowed = [row for row in rows if ctx.can(Permission.DISCUSSION_UPDATE, found[row.id])]
    return [(str(row.id), row.title if poll.group_id else f"{row.group_name}: {row.title}") for row in allowed]


@view_config(route_name="polls.thread", renderer=PAGE, permission=Permission.POLL_UPDATE)
def choose(poll: Poll, request: Any) -> View:
    """The threads there are."""
    if poll.discussion_id is not None:
        raise Conflict(_("This poll is in a thread already."))
    return {"view": cards.one(request.ctx, poll), "threads": open_threads(poll, request)}


@view_config(route_name="polls.thread", request_method="POST", renderer=PAGE, permission=Permission.POLL_UPDATE)
@form_view(choose)
def move(poll: Poll, request: Any) -> Any:
    """Put it there."""
    form = parse(ThreadForm, request.POST)
    if str(form.discussion_id) not in dict(open_threads(poll, request)):
        raise Invalid.at("discussion_id", _("Please choose one of the threads."))
    service.add_to_thread(request.ctx, poll, request.ctx.db.get_one(Discussion, form.discussion_id))
    request.flash("success", _("The poll is in the thread now."))
    return request.see_other(cards.path_of(poll))
