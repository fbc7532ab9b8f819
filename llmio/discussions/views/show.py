"""The page of a thread, and the parts of it that come later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.view import view_config

from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.discussions import queries, rules, service, timeline
from llmio.discussions.models import Discussion
from llmio.discussions.resources import TOKEN
from llmio.discussions.service import guests
from llmio.discussions.values import path_of
from llmio.discussions.views import fragments
from llmio.discussions.views.frame import body_values, thread_values
from llmio.tasks import queries as tasks
from llmio.tasks.views import streams as boxes

SHOW = "llmio:web/templates/discussions/show.jinja2"
MORE = "llmio:web/templates/discussions/more.jinja2"
PINS = "discussions/pins.jinja2"
ENTRY = "discussions/entry.jinja2"
View = Mapping[str, Any]


@view_config(route_name="discussions.short", permission=Permission.DISCUSSION_SHOW)
def short(discussion: Discussion, request: Any) -> Any:
    """Lead to the full address."""
    return canonical(discussion, request)


def canonical(discussion: Discussion, request: Any) -> HTTPSeeOther:
    """The thread's address, with the query kept."""
    query = f"?{request.query_string}" if request.query_string else ""
    return HTTPSeeOther(path_of(discussion.key, discussion.title) + query)


@view_config(route_name="discussions.show", renderer=SHOW, permission=Permission.DISCUSSION_SHOW)
def show(discussion: Discussion, request: Any) -> Any:
    """The thread: its text, its items, and where to go on."""
    if request.path != path_of(discussion.key, discussion.title):
        return canonical(discussion, request)
    if request.ctx.actor is not None and request.params.get(TOKEN):
        guests.redeem(request.ctx, discussion, token=request.params[TOKEN])
        return request.see_other(request.path)
    if request.headers.get("Turbo-Frame", "").startswith("more-"):
        request.override_renderer = MORE
        return {**thread_values(discussion, request), **more(discussion, request)}
    return page(discussion, request)


def page(discussion: Discussion, request: Any) -> dict[str, Any]:
    """Values of the whole page."""
    ctx = request.ctx
    values = thread_values(discussion, request)
    return {
        **values,
        **body_values(discussion, request),
        **more(discussion, request),
        "pinned": timeline.pinned(ctx, discussion),
        "guest_count": queries.guest_count(ctx, discussion.id),
        "invited": ctx.actor is None and rules.holds_token(ctx, discussion),
        "panels": request.app.panels.load("thread.aside", ctx, discussion),
        "asked": ctx.now,
    }


def more(discussion: Discussion, request: Any) -> dict[str, Any]:
    """The stretch of items that the address asks for."""
    upto = number(request, "upto")
    stretch = timeline.stretch(
        request.ctx,
        discussion,
        start=key(request, "from"),
        after=key(request, "after"),
        upto=upto if request.headers.get("Turbo-Frame") else None,
        limit=None if "all" in request.params else timeline.PAGE,
    )
    reader = queries.reader_of(request.ctx, discussion.id)
    first_visit = reader is None or reader.last_read_at is None
    return {
        "stretch": stretch,
        "comments_html": fragments.comments(request, stretch.entries, first_visit=first_visit),
        "upto": upto if upto is not None else discussion.last_sequence_id,
        "continued": "after" in request.params,
    }


def number(request: Any, name: str) -> int | None:
    """A number of the address; None where it is none."""
    raw = request.params.get(name, "")
    return int(raw) if raw.isdecimal() and len(raw) < 10 else None


def key(request: Any, name: str) -> str | None:
    """A position of the address; None where it is none."""
    raw = request.params.get(name, "")
    return raw if raw and len(raw) < 60 and raw.replace("-", "").isdecimal() else None


def address_of_item(ctx: Any, discussion: Discussion, sequence_id: int, anchor: str) -> str:
    """Where an item can be seen: on the first page, or on one that begins a little before it."""
    start = timeline.start_for(ctx, discussion, sequence_id)
    query = f"?from={start}" if start else ""
    return f"{path_of(discussion.key, discussion.title)}{query}#{anchor}"


@view_config(route_name="discussions.unread", permission=Permission.DISCUSSION_SHOW)
def unread(discussion: Discussion, request: Any) -> Any:
    """Where reading goes on."""
    found = timeline.unread_ranges(request.ctx, discussion)
    if not found:
        return canonical(discussion, request)
    return HTTPSeeOther(address_of_item(request.ctx, discussion, found[0][0], "unread"))


@view_config(route_name="discussions.deep", permission=Permission.DISCUSSION_SHOW)
def deep(discussion: Discussion, request: Any) -> Any:
    """The permanent address of an item, by its number in the thread."""
    event = queries.event_at(request.ctx, discussion.id, int(request.matchdict["sequence_id"][:9]))
    if event is None or event.sequence_id is None:
        raise NotFound(_("There is no such item."))
    anchor = f"comment-{event.eventable_id}" if event.eventable_type == "Comment" else f"item-{event.id}"
    return HTTPSeeOther(address_of_item(request.ctx, discussion, event.sequence_id, anchor))


@view_config(route_name="comments.show", permission=Permission.DISCUSSION_SHOW)
def comment(discussion: Discussion, request: Any) -> Any:
    """The permanent address of a comment leads to the page that shows it."""
    comment_id = int(request.matchdict["id"])
    event = queries.event_of(request.ctx, "Comment", comment_id)
    if event is None or event.discussion_id != discussion.id or event.sequence_id is None:
        raise NotFound(_("There is no such comment."))
    return HTTPSeeOther(address_of_item(request.ctx, discussion, event.sequence_id, f"comment-{comment_id}"))


# -- what others do meanwhile --------------------------------------------------------------------------------------------


@view_config(route_name="discussions.items", permission=Permission.DISCUSSION_SHOW)
def items(discussion: Discussion, request: Any) -> Any:
    """What came after a sequence id, as a Turbo stream; with `since` also comments that changed after that moment."""
    ctx = request.ctx
    after = number(request, "after") or 0
    values = thread_values(discussion, request)
    since = moment(request, "since")
    changed = timeline.changed(ctx, discussion, since, after) if since else []
    streams = [replaced(entry, values) for entry in changed]
    if since:
        may_change = values["may"]["edit"]
        streams += boxes(tasks.marked(ctx, "Discussion", [discussion.id], lambda _id: may_change, since=since))
    fresh = timeline.newer(ctx, discussion, after)
    streams.extend(added(ctx, discussion, entry, values) for entry in fresh)
    reached = max([after, *(entry.event.sequence_id for entry in fresh)])
    cursor = {"discussion": discussion, "after": reached, "asked": ctx.now}
    streams.append(("replace", "timeline-cursor", "discussions/cursor.jinja2", cursor))
    return request.render_stream(streams)


@view_config(route_name="discussions.item", permission=Permission.DISCUSSION_SHOW)
def item(discussion: Discussion, request: Any) -> Any:
    """One item again, as a Turbo stream."""
    entry = timeline.one(request.ctx, discussion, int(request.matchdict["event_id"]))
    if entry is None:
        raise NotFound(_("There is no such item."))
    return request.render_stream([replaced(entry, thread_values(discussion, request))])


@view_config(route_name="discussions.pin_item", request_method="POST", permission=Permission.EVENT_PIN)
def pin_item(discussion: Discussion, request: Any) -> Any:
    """Keep an item at hand."""
    return _pinned(discussion, request, service.pin_item(request.ctx, discussion, number_of(request)))


@view_config(route_name="discussions.unpin_item", request_method="POST", permission=Permission.EVENT_PIN)
def unpin_item(discussion: Discussion, request: Any) -> Any:
    """Leave it to its place."""
    return _pinned(discussion, request, service.unpin_item(request.ctx, discussion, number_of(request)))


def number_of(request: Any) -> int:
    """The id of the item that the address names."""
    return int(request.matchdict["event_id"][:9])


def _pinned(discussion: Discussion, request: Any, event: Event) -> Any:
    """The item as it is now, and the list of those pinned."""
    entry = timeline.one(request.ctx, discussion, event.id)
    if not request.turbo or entry is None:
        return request.see_other(f"{path_of(discussion.key, discussion.title)}/{event.sequence_id}")
    values = {**thread_values(discussion, request), "pinned": timeline.pinned(request.ctx, discussion)}
    return request.render_stream([replaced(entry, values), ("update", "pinned", PINS, values)])


def moment(request: Any, name: str) -> datetime | None:
    """A moment of the address; None where it is none."""
    try:
        found = datetime.fromisoformat(request.params.get(name, "").replace(" ", "+"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def replaced(entry: timeline.Entry, values: View) -> tuple[str, str, str, dict[str, Any]]:
    """A stream that shows an item anew; forms that are open below a comment stay."""
    if entry.event.eventable_type == "Comment":
        return ("replace", f"comment-{entry.item.id}", "discussions/comment.jinja2", entry_values(entry, values))
    return ("replace", entry.dom_id, ENTRY, entry_values(entry, values))


def added(
    ctx: Any, discussion: Discussion, entry: timeline.Entry, values: View
) -> tuple[str, str, str, dict[str, Any]]:
    """A stream that puts a new item where it belongs: after the one before it, or at the end of the thread."""
    if entry.event.depth > 1:
        before = timeline.before(ctx, discussion, entry)
        return ("after", f"item-{before}", ENTRY, entry_values(entry, values))
    action = "prepend" if discussion.newest_first else "append"
    return (action, "timeline-new", ENTRY, entry_values(entry, values))


def entry_values(entry: timeline.Entry, values: View) -> dict[str, Any]:
    """Values of one item's template."""
    return {**values, "entry": entry, "event": entry.event, "item": entry.item}
