"""What one is to do: tasks out of texts, with a box to tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.view import view_config

from llmio.core.permissions import Permission
from llmio.core.urls import safe_path
from llmio.discussions import tasks
from llmio.discussions.models import Task
from llmio.discussions.service.tasks import tick as tick_task

Stream = list[tuple[str, str, str, dict[str, Any]]]
BOX = "llmio:web/templates/discussions/task_box.jinja2"


@view_config(route_name="tasks.list", renderer="llmio:web/templates/discussions/tasks.jinja2")
def mine(context: Any, request: Any) -> Mapping[str, Any]:
    """One's own tasks, open ones first."""
    return {"open": tasks.of_actor(request.ctx, done=False), "done": tasks.of_actor(request.ctx, done=True)}


@view_config(route_name="tasks.tick", request_method="POST", permission=Permission.TASK_UPDATE)
def tick(task: Task, request: Any) -> Any:
    """Done, or not done after all."""
    tick_task(request.ctx, task, done=request.POST.get("done") == "1")
    back = safe_path(request.POST.get("back"))
    if request.turbo and back is None:
        return request.render_stream(streams([(task, True)]))
    return request.see_other(back or tasks.path_of(request.ctx, task))


def streams(marked: Sequence[tuple[Task, bool]]) -> Stream:
    """Boxes anew, wherever the page shows them; with each, whether the reader may tick it."""
    return [
        ("replace", f".task-box-{task.id}", BOX, {"task": task, "may": may, "box": tasks.box}) for task, may in marked
    ]
