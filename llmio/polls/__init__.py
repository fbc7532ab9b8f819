"""Polls: ballots, counting, outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.app import App

TEMPLATES = "llmio:web/templates/polls"


def register(app: App) -> None:
    """Give the App this feature's rules, kinds, jobs and sections."""
    from llmio.core.features import Panel, TimelineItem  # noqa: PLC0415  # slow
    from llmio.core.jobs import HOUR  # noqa: PLC0415  # likewise
    from llmio.polls import jobs, kinds, outcome_guests, panels, queries, rules, tasks, timeline  # noqa: PLC0415  # slow

    rules.register(app)
    app.add_extra("invitations", "polls", queries.inviting)
    app.add_extra("invitations", "outcomes", outcome_guests.inviting)
    app.add_kinds(*kinds.KINDS)
    app.add_jobs(*jobs.JOBS)
    app.add_schedule(jobs.close_expired, every=30)
    app.add_schedule(jobs.open_due, every=30)
    app.add_schedule(jobs.closing_soon, every=600, moments=True)
    app.add_schedule(jobs.outcome_review_due, every=HOUR, moments=True)
    app.add_observer(jobs.follow_membership, "Membership")
    app.add_observer(jobs.follow_guests, "Discussion")
    app.add_timeline_item(TimelineItem("Poll", f"{TEMPLATES}/item_poll.jinja2", timeline.load_polls))
    app.add_timeline_item(TimelineItem("Stance", f"{TEMPLATES}/item_stance.jinja2", timeline.load_stances))
    app.add_timeline_item(TimelineItem("Outcome", f"{TEMPLATES}/item_outcome.jinja2", timeline.load_outcomes))
    for place in tasks.PLACES:
        app.add_task_place(place)
    app.add_panel(Panel("dashboard", "polls", 10, f"{TEMPLATES}/panel_waiting.jinja2", panels.waiting))
    app.add_panel(Panel("group", "polls", 10, f"{TEMPLATES}/panel_group.jinja2", panels.of_group))
    app.add_panel(Panel("thread.aside", "polls", 10, f"{TEMPLATES}/panel_thread.jinja2", panels.of_thread))


def includeme(config: Any) -> None:
    """Routes and views."""
    from llmio.groups import resources as groups  # noqa: PLC0415  # slow
    from llmio.polls import resources  # noqa: PLC0415  # slow

    of_poll: dict[str, Any] = {"factory": resources.poll}
    config.add_route("polls.new", "/p/new")
    config.add_route("polls.group", "/g/{key}/polls", factory=groups.group)
    for act in ("edit", "card", "votes", "voters", "remind", "outcome", "receipts", "reopen", "thread"):
        config.add_route(f"polls.{act}", f"/p/{{key}}/{act}", **of_poll)
    for act in ("vote", "uncast", "close", "discard", "open", "stay_draft"):
        config.add_route(f"polls.{act}", f"/p/{{key}}/{act}", request_method="POST", **of_poll)
    config.add_route("polls.remove_voter", "/p/{key}/voters/{id:\\d+}/remove", request_method="POST", **of_poll)
    for act in ("make_admin", "remove_admin"):
        config.add_route(f"polls.{act}", f"/p/{{key}}/voters/{{id:\\d+}}/{act}", request_method="POST", **of_poll)
    config.add_route("polls.export", "/p/{key}/export.csv", **of_poll)
    config.add_route("polls.short", "/p/{key}", **of_poll)
    config.add_route("polls.ballot", "/vote/{key}", **of_poll)
    config.add_route("polls.show", "/p/{key}/{slug}", **of_poll)
    for act, path in (("edit", "edit"), ("share", "share"), ("meeting", "meeting.ics")):
        config.add_route(f"outcomes.{act}", f"/outcomes/{{id:\\d+}}/{path}", factory=resources.outcome)
    config.add_route(
        "outcomes.remove_guest",
        "/outcomes/{id:\\d+}/guests/{user_id:\\d{1,9}}/remove",
        request_method="POST",
        factory=resources.outcome,
    )
    config.scan("llmio.polls.views")
