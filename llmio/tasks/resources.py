"""URL → the task it names; 404 where there is none that the actor may see."""

from __future__ import annotations

from typing import Any

from llmio.core.errors import NotFound, SignInNeeded
from llmio.core.i18n import _
from llmio.tasks import queries
from llmio.tasks.models import Task


def task(request: Any) -> Task:
    """`/tasks/{id}…`: for those who may see where it stands."""
    ctx = request.ctx
    found = queries.by_id(ctx, int(request.matchdict["id"]))
    record, place = (queries.record_of(ctx, found), queries.place_of(ctx, found)) if found else (None, None)
    if found is not None and place is not None and record is not None and ctx.can(place.show, record):
        return found
    if ctx.actor is None:
        raise SignInNeeded(_("Please sign in first."))
    raise NotFound(_("There is no such task."))
