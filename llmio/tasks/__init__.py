"""Tasks: lines with a box in the texts of other features, each kept as a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.app import App


def register(app: App) -> None:
    """Give the App this feature's rule."""
    from llmio.tasks import rules  # noqa: PLC0415  # slow

    rules.register(app)


def includeme(config: Any) -> None:
    """Routes and views."""
    from llmio.tasks import resources  # noqa: PLC0415  # slow

    config.add_route("tasks.list", "/tasks")
    config.add_route("tasks.tick", "/tasks/{id:\\d{1,18}}/tick", request_method="POST", factory=resources.task)
    config.scan("llmio.tasks.views")
