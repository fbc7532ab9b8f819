"""Mail that comes in: taken through one of the doors, kept, read, and routed to where it belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.app import App

DAY = 86400


def register(app: App) -> None:
    """Give the App kinds, jobs and their times."""
    from llmio.mail.incoming import bouncing, jobs, kinds  # noqa: PLC0415  # slow

    app.add_kinds(*kinds.KINDS)
    app.add_jobs(jobs.route_mail, jobs.sweep, bouncing.send)
    app.add_schedule(jobs.sweep, every=DAY)


def includeme(config: Any) -> None:
    """Routes and views."""
    config.add_route("mail.relay", "/rails/action_mailbox/relay/inbound_emails")
    config.add_route("mail.processor", "/email_processor")
    config.scan("llmio.mail.incoming.doors")
