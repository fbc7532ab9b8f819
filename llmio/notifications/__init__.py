"""Who hears of an event, why, and by which way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.notifications.pace import SETTINGS

if TYPE_CHECKING:
    from llmio.core.app import App


QUARTER = 15 * 60
"""Seconds: zones differ from UTC by whole quarters of an hour, so that six o'clock is found to the minute."""

__all__ = ["SETTINGS", "includeme", "register"]


def register(app: App) -> None:
    """Give the App this feature's kinds, jobs and its account of what was seen."""
    from llmio.core.permissions import Permission  # noqa: PLC0415  # slow
    from llmio.notifications import contact, jobs, kinds, seen  # noqa: PLC0415  # likewise

    app.add_kinds(*kinds.KINDS)
    app.add_jobs(*jobs.JOBS)
    app.add_schedule(jobs.catch_up, every=QUARTER, moments=True)
    app.add_schedule(jobs.task_reminders, every=QUARTER, moments=True)
    app.add_rule(Permission.USER_CONTACT, contact.may_contact)
    app.add_schedule(jobs.forget_attempts, every=24 * 3600)
    app.add_schedule(jobs.resume_parked, every=300)
    app.add_event_job(jobs.publish_event)
    app.add_observer(jobs.follow_meeting, "Outcome")
    app.add_seen_listener(seen.on_seen)


def includeme(config: Any) -> None:
    """Routes and views."""
    from llmio.accounts.resources import person  # noqa: PLC0415  # slow
    from llmio.notifications import catch_up_views, views, ways_views  # noqa: PLC0415  # likewise

    config.add_route("notifications.list", "/notifications")
    config.add_route("notifications.menu", "/notifications/menu")
    config.add_route("notifications.viewed", "/notifications/viewed")
    config.add_route("notifications.open", "/notifications/{id:\\d+}")
    config.add_route("notifications.preferences", "/email_preferences")
    of_way = {"factory": ways_views.way_of}
    config.add_route("notifications.way", "/email_preferences/ways/{notifier}", **of_way)
    for act in ("remove", "test"):
        config.add_route(f"notifications.way_{act}", f"/email_preferences/ways/{{notifier}}/{act}", **of_way)
    config.add_route("notifications.stop_catch_up", "/unsubscribe/{token}/catch_up", factory=views.unsubscriber)
    config.add_route(
        "notifications.caught_up", "/catch_up/{token}/{day:\\d{4}-\\d\\d-\\d\\d}", factory=catch_up_views.of_summary
    )
    config.add_route("notifications.contact", "/contact")
    config.add_route("notifications.contact_person", "/u/{username}/contact", factory=person)
    config.add_route("notifications.unsubscribe", "/unsubscribe/{token}", factory=views.unsubscriber)
    config.add_route(
        "notifications.unsubscribe_place",
        "/unsubscribe/{token}/{kind:discussion|poll|group}/{id:\\d+}",
        factory=views.unsubscriber,
    )
    config.scan("llmio.notifications.views")
    config.scan("llmio.notifications.catch_up_views")
    config.scan("llmio.notifications.contact_views")
    config.scan("llmio.notifications.ways_views")
