"""Chat and webhooks: where a group is told elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.integrations.http import SETTINGS

if TYPE_CHECKING:
    from llmio.core.app import App

__all__ = ["SETTINGS", "includeme", "register"]


def register(app: App) -> None:
    """Give the App this feature's jobs, and the composer of messages for channels."""
    from llmio.integrations import jobs, messages, service  # noqa: PLC0415  # slow
    from llmio.notifications.parked import ABSENCES  # noqa: PLC0415  # likewise

    app.add_event_job(jobs.publish_event)
    app.add_jobs(jobs.test, jobs.forget)
    app.add_schedule(jobs.forget, every=24 * 3600)
    app.add_extra("composers", "Chatbot", messages.compose)
    app.add_extra(ABSENCES, "Chatbot", service.absent)


def includeme(config: Any) -> None:
    """Routes and views."""
    from llmio.groups import resources  # noqa: PLC0415  # slow
    from llmio.integrations import views  # noqa: PLC0415  # slow, and only the web needs it

    config.add_route("integrations.list", "/g/{key}/integrations", factory=resources.group)
    config.add_route("integrations.new", "/g/{key}/integrations/new", factory=resources.group)
    config.add_route("integrations.show", "/integrations/{id:\\d+}", factory=views.chatbot_of)
    config.add_route("integrations.again", "/integrations/{id:\\d+}/again/{delivery:\\d+}", factory=views.chatbot_of)
    for act in ("edit", "remove", "test", "secret", "old_secrets"):
        config.add_route(f"integrations.{act}", f"/integrations/{{id:\\d+}}/{act}", factory=views.chatbot_of)
    config.scan("llmio.integrations.views")
