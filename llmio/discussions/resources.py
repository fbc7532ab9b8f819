"""URL → the thread or comment it names; 404 where there is none the actor may see."""

from __future__ import annotations

from typing import Any

from llmio.core.context import Context
from llmio.core.errors import NotFound, SignInNeeded
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions import queries
from llmio.discussions.models import Comment, Discussion


def discussion(request: Any) -> Discussion:
    """`/d/{key}…`."""
    return known(request.ctx, queries.by_key(request.ctx, request.matchdict["key"]))


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
