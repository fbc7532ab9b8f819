"""Threads: discussions, comments, reactions, reading marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.app import App

TEMPLATES = "llmio:web/templates/discussions"


def register(app: App) -> None:
    """Give the App this feature's rules, kinds, items and sections."""
    from llmio.core.features import Panel, TimelineItem  # noqa: PLC0415  # slow
    from llmio.discussions import kinds, listeners, panels, queries, rules, tasks, timeline  # noqa: PLC0415  # slow

    rules.register(app)
    app.add_extra("invitations", "discussions", queries.inviting)
    app.add_kinds(*kinds.KINDS)
    app.add_listener(listeners.on_event)
    app.add_timeline_item(TimelineItem("Comment", f"{TEMPLATES}/comment.jinja2", timeline.load_comments))
    app.add_timeline_item(TimelineItem("Discussion", f"{TEMPLATES}/change.jinja2", timeline.load_discussions))
    for place in tasks.PLACES:
        app.add_task_place(place)
    app.add_panel(Panel("group", "threads", 20, f"{TEMPLATES}/group_panel.jinja2", panels.threads_of_group))


def includeme(config: Any) -> None:
    """Routes and views."""
    from llmio.discussions import resources  # noqa: PLC0415  # slow

    of_thread: dict[str, Any] = {"factory": resources.discussion}
    of_comment: dict[str, Any] = {"factory": resources.comment}
    config.add_route("discussions.dashboard", "/dashboard")
    config.add_route("discussions.inbox", "/inbox")
    config.add_route("discussions.threads", "/threads")
    config.add_route("discussions.mentions", "/mentions")
    config.add_route("discussions.tags", "/threads/tags")
    config.add_route("discussions.new", "/d/new")
    config.add_route("discussions.create", "/d", request_method="POST")
    for act in ("edit", "history", "items", "read", "reply", "unread", "volume"):
        config.add_route(f"discussions.{act}", f"/d/{{key}}/{act}", **of_thread)
    for act in ("close", "reopen", "discard", "pin", "unpin", "dismiss", "recall"):
        config.add_route(f"discussions.{act}", f"/d/{{key}}/{act}", request_method="POST", **of_thread)
    config.add_route("discussions.item", "/d/{key}/items/{event_id:\\d+}", **of_thread)
    config.add_route("discussions.seen", "/d/{key}/seen.gif", **of_thread)
    config.add_route("comments.create", "/d/{key}/comments", request_method="POST", **of_thread)
    config.add_route("comments.show", "/d/{key}/comment/{id:\\d+}", **of_thread)
    for act in ("edit", "history"):
        config.add_route(f"comments.{act}", f"/comments/{{id:\\d+}}/{act}", **of_comment)
    config.add_route("discussions.people", "/d/{key}/people", **of_thread)
    config.add_route("discussions.join", "/d/{key}/join", **of_thread)
    for act in ("make_admin", "remove_admin", "resend", "remove"):
        config.add_route(
            f"readers.{act}", f"/discussion_readers/{{id:\\d+}}/{act}", request_method="POST", factory=resources.reader
        )
    for act in ("pin", "unpin"):
        config.add_route(
            f"discussions.{act}_item", f"/d/{{key}}/items/{{event_id:\\d+}}/{act}", request_method="POST", **of_thread
        )
    for act in ("discard", "undiscard", "destroy"):
        config.add_route(f"comments.{act}", f"/comments/{{id:\\d+}}/{act}", request_method="POST", **of_comment)
    config.add_route("reactions.react", "/reactions/{type:[a-z]+}/{id:\\d+}", request_method="POST")
    config.add_route("discussions.short", "/d/{key}", **of_thread)
    config.add_route("discussions.show", "/d/{key}/{slug}", **of_thread)
    config.add_route("discussions.deep", "/d/{key}/{slug}/{sequence_id:\\d+}", **of_thread)
    config.scan("llmio.discussions.views")
