"""What one is to do: tasks out of texts, with a box to tick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.core.permissions import Permission
from llmio.discussions import tasks
from llmio.discussions.models import Task
from llmio.discussions.service.tasks import tick as tick_task


@view_config(route_name="tasks.list", renderer="llmio:web/templates/discussions/tasks.jinja2")
def mine(context: Any, request: Any) -> Mapping[str, Any]:
    """One's own tasks, open ones first."""
    return {"open": tasks.of_actor(request.ctx, done=False), "done": tasks.of_actor(request.ctx, done=True)}


@view_config(route_name="tasks.tick", request_method="POST", permission=Permission.TASK_UPDATE)
def tick(task: Task, request: Any) -> Any:
    """Done, or not done after all."""
    tick_task(request.ctx, task, done=request.POST.get("done") == "1")
    return request.see_other("/tasks")
