"""Pages and acts of a thread."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from pyramid.response import Response
from pyramid.view import view_config

from llmio.core.errors import Invalid
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions import history, queries, service
from llmio.discussions.forms import ReadForm, ThreadForm, VolumeForm
from llmio.discussions.models import Discussion
from llmio.discussions.ranges import parse as read_ranges
from llmio.discussions.service import tagging
from llmio.discussions.values import path_of
from llmio.discussions.views.frame import audience_values, files_values, posted_files, thread_values, told
from llmio.groups import queries as groups
from llmio.groups.models import Group
from llmio.tasks.views import opened_at

FORM = "llmio:web/templates/discussions/form.jinja2"
HISTORY = "llmio:web/templates/discussions/history.jinja2"
PIXEL = base64.b64decode("R0lGODlhAQABAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
VOLUME = "llmio:web/templates/discussions/volume.jinja2"
View = Mapping[str, Any]


# -- start ---------------------------------------------------------------------------------------------------------------


def startable(request: Any) -> list[Group]:
    """Groups in which the actor may start a thread."""
    return [group for group in groups.groups_of(request.ctx) if request.ctx.can(Permission.DISCUSSION_CREATE, group)]


def asked_group(request: Any) -> Group | None:
    """The group named by the address or the form, if a thread may be started there; the only one where there is one."""
    asked = request.params.get("group_id", "")
    found = startable(request)
    named = [group for group in found if str(group.id) == asked]
    return named[0] if named else found[0] if len(found) == 1 else None


@view_config(route_name="discussions.new", renderer=FORM)
def new(context: Any, request: Any) -> View:
    """The form of a new thread."""
    group = asked_group(request)
    values = {"group_id": group.id if group else "", "privacy": "private", "notify": "nobody"}
    if group and group.discussion_privacy_options == "public_only":
        values["privacy"] = "public"
    return {
        "discussion": None,
        "group": group,
        "groups": startable(request),
        "values": values,
        **files_values(request),
        **audience_values(group, request),
        "tags": tagging.known(request.ctx, group),
    }


@view_config(route_name="discussions.create", request_method="POST", renderer=FORM)
@form_view(new)
def create(context: Any, request: Any) -> Any:
    """Start it."""
    form = parse(ThreadForm, request.POST)
    found = {group.id: group for group in startable(request)}
    group = found.get(form.group_id or 0)
    if group is None:
        raise Invalid(
            _("Please check the marked fields."), {"group_id": [_("Please choose a group.")]}, form.model_dump()
        )
    discussion = service.start_discussion(
        request.ctx,
        group,
        title=form.title,
        description=form.description,
        description_format=form.description_format,
        private=form.privacy == "private",
        notify=form.notify,
        people=told(request.ctx, group, form),
        attachments=posted_files(request, form.attachments),
        tags=form.all_tags(),
    )
    return request.see_other(path_of(discussion.key, discussion.title))


# -- edit ----------------------------------------------------------------------------------------------------------------


@view_config(
    route_name="discussions.edit", request_method="GET", renderer=FORM, permission=Permission.DISCUSSION_UPDATE
)
def edit(discussion: Discussion, request: Any) -> View:
    """The form of a thread that is there."""
    return {
        "discussion": discussion,
        "group": discussion.group,
        "groups": [],
        "values": {
            "title": discussion.title,
            "description": discussion.description,
            "description_format": discussion.description_format,
            "privacy": "private" if discussion.private else "public",
            "notify": "nobody",
            "tags": discussion.tags or [],
        },
        "tags": _tags_of(discussion, request),
        **files_values(request, discussion.attachments),
        **audience_values(discussion.group, request),
    }


def _tags_of(discussion: Discussion, request: Any) -> list[str]:
    """The organisation's tags, and those of the thread that it does not have."""
    return list(dict.fromkeys([*tagging.known(request.ctx, discussion.group), *(discussion.tags or [])]))


@view_config(
    route_name="discussions.edit", request_method="POST", renderer=FORM, permission=Permission.DISCUSSION_UPDATE
)
@form_view(edit)
def update(discussion: Discussion, request: Any) -> Any:
    """Save it."""
    form = parse(ThreadForm, request.POST)
    service.edit_discussion(
        request.ctx,
        discussion,
        title=form.title,
        description=form.description,
        description_format=form.description_format,
        private=form.privacy == "private",
        attachments=posted_files(request, form.attachments),
        notify=form.notify,
        people=told(request.ctx, discussion.group, form),
        message=form.message,
        tags=form.all_tags() if "tags" in request.POST else None,
        opened=opened_at(request),
    )
    request.flash("success", _("Saved."))
    return request.see_other(path_of(discussion.key, discussion.title))


@view_config(route_name="discussions.history", renderer=HISTORY, permission=Permission.DISCUSSION_SHOW)
def show_history(discussion: Discussion, request: Any) -> View:
    """What a thread was before each edit."""
    versions = queries.versions(request.ctx, "Discussion", discussion.id)
    return {
        **thread_values(discussion, request),
        "back": path_of(discussion.key, discussion.title),
        "changes": history.changes(request.ctx, versions, text="description"),
    }


# -- acts of one button --------------------------------------------------------------------------------------------------

LISTS = ("/dashboard", "/inbox", "/inbox?show=aside")


def list_of(request: Any) -> str | None:
    """The list of threads that an act came from."""
    named = request.POST.get("back")
    return next((place for place in LISTS if place == named), None)


def back(discussion: Discussion, request: Any) -> Any:
    """To the thread."""
    return request.see_other(path_of(discussion.key, discussion.title))


@view_config(route_name="discussions.close", request_method="POST", permission=Permission.DISCUSSION_CLOSE)
def close(discussion: Discussion, request: Any) -> Any:
    """Close it."""
    service.close_discussion(request.ctx, discussion)
    request.flash("success", _("The thread is closed. It can be reopened."))
    return back(discussion, request)


@view_config(route_name="discussions.reopen", request_method="POST", permission=Permission.DISCUSSION_CLOSE)
def reopen(discussion: Discussion, request: Any) -> Any:
    """Open it again."""
    service.reopen_discussion(request.ctx, discussion)
    request.flash("success", _("The thread is open again."))
    return back(discussion, request)


@view_config(route_name="discussions.discard", request_method="POST", permission=Permission.DISCUSSION_DISCARD)
def discard(discussion: Discussion, request: Any) -> Any:
    """Take it away."""
    service.discard_discussion(request.ctx, discussion)
    request.flash("success", _("The thread was deleted."))
    return request.see_other(f"/g/{discussion.group.key}" if discussion.group else "/dashboard")


@view_config(route_name="discussions.pin", request_method="POST", permission=Permission.DISCUSSION_PIN)
def pin(discussion: Discussion, request: Any) -> Any:
    """Keep it at the top."""
    service.pin_discussion(request.ctx, discussion)
    request.flash("success", _("The thread now stands at the top of its group."))
    return back(discussion, request)


@view_config(route_name="discussions.unpin", request_method="POST", permission=Permission.DISCUSSION_PIN)
def unpin(discussion: Discussion, request: Any) -> Any:
    """Let it go from the top."""
    service.unpin_discussion(request.ctx, discussion)
    return back(discussion, request)


@view_config(route_name="discussions.dismiss", request_method="POST", permission=Permission.DISCUSSION_MARK_READ)
def dismiss(discussion: Discussion, request: Any) -> Any:
    """Put it aside until something happens."""
    service.dismiss(request.ctx, discussion)
    place = list_of(request) or "/dashboard"
    undo = (_("Undo"), f"/d/{discussion.key}/recall", {"back": place})
    request.flash("success", _("Put aside until something new is said."), undo)
    return request.see_other(place)


@view_config(route_name="discussions.recall", request_method="POST", permission=Permission.DISCUSSION_MARK_READ)
def recall(discussion: Discussion, request: Any) -> Any:
    """Bring it back."""
    service.recall(request.ctx, discussion)
    request.flash("success", _("No longer put aside."))
    place = list_of(request)
    return request.see_other(place) if place else back(discussion, request)


@view_config(
    route_name="discussions.read", request_method="POST", permission=Permission.DISCUSSION_MARK_READ, renderer="json"
)
def read(discussion: Discussion, request: Any) -> Any:
    """Note what was seen; `ranges` "all" from the button of that name."""
    form = parse(ReadForm, request.POST)
    seen = read_ranges(discussion.ranges_string if form.ranges == "all" else form.ranges)
    reader = service.mark_read(request.ctx, discussion, seen)
    if form.ranges == "all" and not request.wants_json:
        return back(discussion, request)
    return {"read_ranges": reader.read_ranges_string}


@view_config(route_name="discussions.seen", permission=Permission.DISCUSSION_MARK_READ)
def seen(discussion: Discussion, request: Any) -> Response:
    """A picture that browsers without scripts fetch with the page: what stood on it was seen.

    Other sites cannot make a browser mark things as read: it says where a request comes from.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin":
        service.mark_read(request.ctx, discussion, read_ranges(request.params.get("ranges", "")))
    return Response(PIXEL, content_type="image/gif", cache_control="no-store")


@view_config(route_name="discussions.volume", renderer=VOLUME, permission=Permission.DISCUSSION_SET_VOLUME)
def volume(discussion: Discussion, request: Any) -> View:
    """How much of it reaches the actor."""
    values = thread_values(discussion, request)
    reader = values["reader"]
    if reader is not None:
        level = reader.volume
    else:
        membership = groups.membership_of(request.ctx, discussion.group_id)
        level = membership.volume if membership and membership.volume is not None else 2
    return {**values, "values": {"volume": max(level, 1)}}


@view_config(
    route_name="discussions.volume",
    request_method="POST",
    renderer=VOLUME,
    permission=Permission.DISCUSSION_SET_VOLUME,
)
@form_view(volume)
def save_volume(discussion: Discussion, request: Any) -> Any:
    """Save that."""
    service.set_volume(request.ctx, discussion, volume=parse(VolumeForm, request.POST).volume)
    request.flash("success", _("Saved."))
    return back(discussion, request)
