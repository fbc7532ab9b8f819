"""What one is to do: tasks out of texts, with a box to tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pyramid.view import view_config

from llmio.core.permissions import Permission
from llmio.core.urls import safe_path
from llmio.tasks import queries as tasks
from llmio.tasks import service
from llmio.tasks.models import Task

Stream = list[tuple[str, str, str, dict[str, Any]]]
BOX = "llmio:web/templates/tasks/box.jinja2"


@view_config(route_name="tasks.list", renderer="llmio:web/templates/tasks/list.jinja2")
def mine(context: Any, request: Any) -> Mapping[str, Any]:
    """One's own tasks, open ones first."""
    return {"open": tasks.of_actor(request.ctx, done=False), "done": tasks.of_actor(request.ctx, done=True)}


@view_config(route_name="tasks.tick", request_method="POST", permission=Permission.TASK_UPDATE)
def tick(task: Task, request: Any) -> Any:
    """Done, or not done after all."""
    service.tick(request.ctx, task, done=request.POST.get("done") == "1")
    back = safe_path(request.POST.get("back"))
    if request.turbo and back is None:
        return request.render_stream(streams([(task, True)]))
    return request.see_other(back or tasks.path_of(request.ctx, task))


def streams(marked: Sequence[tuple[Task, bool]]) -> Stream:
    """Boxes anew, wherever the page shows them; with each, whether the reader may tick it."""
    return [
        ("replace", f".task-box-{task.id}", BOX, {"task": task, "may": may, "box": tasks.box}) for task, may in marked
    ]


def opened_at(request: Any) -> datetime | None:
    """When a form that was sent was shown, as it says itself; None where it does not."""
    try:
        moment = datetime.fromisoformat(request.POST.get("opened", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
