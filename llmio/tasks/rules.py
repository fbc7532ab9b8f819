"""Who may tick a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core.permissions import Permission, signed_in
from llmio.tasks import queries
from llmio.tasks.models import Task

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context


def may_tick(ctx: Context, task: Task) -> bool:
    """Its author, those it is given to, and who may change the text that it stands in; all of them as long as they see it."""
    record, place = queries.record_of(ctx, task), queries.place_of(ctx, task)
    if record is None or place is None or not ctx.can(place.show, record):
        return False
    if ctx.actor_id == task.author_id or queries.is_given(ctx, task):
        return True
    return ctx.can(place.update, record)


def register(app: App) -> None:
    """Fill the rule map."""
    app.add_rule(Permission.TASK_UPDATE, (signed_in, may_tick))
