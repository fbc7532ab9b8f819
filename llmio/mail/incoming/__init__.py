"""Mail that comes in: taken through one of the doors, kept, read, and routed to where it belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.app import App

HOUR, DAY = 3600, 86400


def register(app: App) -> None:
    """Give the App kinds, jobs and their times."""
    from llmio.mail.incoming import bouncing, forwarding, jobs, kinds  # noqa: PLC0415  # slow

    app.add_kinds(*kinds.KINDS)
    app.add_jobs(jobs.route_mail, jobs.route_stored, jobs.sweep, bouncing.send, forwarding.send)
    app.add_schedule(jobs.route_stored, every=HOUR)
    app.add_schedule(jobs.sweep, every=DAY)


def includeme(config: Any) -> None:
    """Routes and views."""
    from llmio.groups import resources as of_groups  # noqa: PLC0415  # slow
    from llmio.mail.incoming import resources  # noqa: PLC0415  # slow

    config.add_route("mail.relay", "/rails/action_mailbox/relay/inbound_emails")
    config.add_route("mail.processor", "/email_processor")
    config.add_route("mail.waiting", "/g/{key}/emails", factory=of_groups.group)
    config.add_route("mail.personal", "/g/{key}/my_address", factory=of_groups.group)
    for act in ("allow", "block", "delete"):
        config.add_route(f"mail.{act}", f"/received_emails/{{id:\\d+}}/{act}", factory=resources.received)
    config.add_route("mail.remove_alias", "/member_email_aliases/{id:\\d+}/remove", factory=resources.alias)
    config.scan("llmio.mail.incoming.doors")
    config.scan("llmio.mail.incoming.group_views")
    config.scan("llmio.mail.incoming.personal")
