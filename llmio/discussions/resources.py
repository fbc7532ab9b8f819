"""URL → the thread or comment it names; 404 where there is none the actor may see."""

from __future__ import annotations

from typing import Any

from llmio.core.context import Context
from llmio.core.errors import NotFound, SignInNeeded
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions import queries
from llmio.discussions.models import Comment, Discussion, DiscussionReader
from llmio.discussions.rules import TOKENS

TOKEN = "discussion_reader_token"  # noqa: S105  # the name of a parameter


def discussion(request: Any) -> Discussion:
    """`/d/{key}…`."""
    found = queries.by_key(request.ctx, request.matchdict["key"])
    if found is not None and offered(request, found) is not None:
        request.ctx.memo[TOKENS] = frozenset({found.id})
    return known(request.ctx, found)


def offered(request: Any, found: Discussion) -> DiscussionReader | None:
    """The guest's place that the request has the invitation to (`?discussion_reader_token=`, kept for later pages)."""
    token = request.params.get(TOKEN)
    if not token and request.ctx.actor is None:
        token = request.session.get(TOKEN)
    place = queries.invited(request.ctx, found.id, token) if token else None
    if place is not None and request.ctx.actor is None and request.session.get(TOKEN) != token:
        request.session[TOKEN] = token
    return place


def reader(request: Any) -> DiscussionReader:
    """`/discussion_readers/{id}…`: for those who may see the thread."""
    found = queries.reader(request.ctx, int(request.matchdict["id"][:9]))
    known(request.ctx, found.discussion if found is not None else None)
    if found is None or found.revoked_at is not None:
        raise NotFound(_("There is no such person in this thread."))
    return found


def known(ctx: Context, found: Discussion | None) -> Discussion:
    """The thread, if the actor may see it. A missing one is answered like a hidden one, so that the answer tells nothing."""
    if found is not None and ctx.can(Permission.DISCUSSION_SHOW, found):
        return found
    if ctx.actor is None:
        raise SignInNeeded(_("Please sign in first."))
    raise NotFound(_("There is no such thread, or it is not for you to see."))


def comment(request: Any) -> Comment:
    """`/comments/{id}…`: for those who may see its thread."""
    found = queries.comment(request.ctx, int(request.matchdict["id"]))
    known(request.ctx, found.discussion if found else None)
    if found is None:
        raise NotFound(_("There is no such comment."))
    return found
