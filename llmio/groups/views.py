"""Pages of a group: start, show, edit, explore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.core import richtext
from llmio.core.errors import NotFound
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups import membership as members
from llmio.groups import queries, rules, service, subgroups
from llmio.groups.forms import GroupForm, SettingsForm, VolumeForm
from llmio.groups.models import Group
from llmio.tasks import queries as tasks
from llmio.tasks.views import opened_at

SHOW = "llmio:web/templates/groups/show.jinja2"
FORM = "llmio:web/templates/groups/form.jinja2"
SETTINGS = "llmio:web/templates/groups/settings.jinja2"
View = Mapping[str, Any]


def frame(group: Group, request: Any) -> dict[str, Any]:
    """What every page of a group needs for its header."""
    ctx = request.ctx
    may_ask = ctx.can(Permission.GROUP_REQUEST_MEMBERSHIP, group)
    return {
        "group": group,
        "asked": queries.waiting_request(ctx, group) if may_ask else None,
        "parent": subgroups.parent_of(ctx, group),
        "privacy": service.privacy_of(group),
        "membership": queries.membership_of(ctx, group.id),
        "may": {
            "edit": ctx.can(Permission.GROUP_UPDATE, group),
            "invite": ctx.can(Permission.GROUP_ADD_MEMBERS, group),
            "see": ctx.can(Permission.GROUP_SEE_PRIVATE, group),
            "members": ctx.can(Permission.GROUP_SEE_MEMBERS, group),
            "add_subgroup": ctx.can(Permission.GROUP_ADD_SUBGROUP, group),
            "join": ctx.can(Permission.GROUP_JOIN, group),
            "ask": may_ask,
            "start_thread": ctx.can(Permission.DISCUSSION_CREATE, group),
            "start_poll": ctx.can(Permission.POLL_CREATE, group),
            "integrations": ctx.can(Permission.GROUP_INTEGRATIONS, group),
        },
    }


@view_config(route_name="groups.show", renderer=SHOW, permission=Permission.GROUP_SHOW)
def show(group: Group, request: Any) -> View:
    """The group's page: what it is for, its threads and polls."""
    shown = frame(group, request)
    asks = request.ctx.can(Permission.GROUP_MANAGE_REQUESTS, group) and shown["membership"] is not None
    text = richtext.to_html(group.description or "", group.description_format)
    return {
        **shown,
        "description": tasks.with_boxes(request.ctx, "Group", {group.id: text}, lambda _id: shown["may"]["edit"])[
            group.id
        ],
        "requests_count": len(queries.requests(request.ctx, group)) if asks else 0,
        "panels": request.app.panels.load("group", request.ctx, group),
    }


@view_config(
    route_name="groups.explore",
    renderer="llmio:web/templates/groups/explore.jinja2",
    permission=Permission.PUBLIC,
)
def explore(request: Any) -> View:
    """Groups that ask to be found; 404 unless the operator offers the page, and to those whom it is offered."""
    settings = request.app.settings
    if not settings.on("features.explore"):
        raise NotFound(_("This site has no list of groups."))
    if settings.on("features.restrict_explore"):
        request.ctx.signed_in()
    search = request.params.get("q", "").strip()
    return {"groups": queries.public_groups(request.ctx, search=search), "q": search}


@view_config(route_name="groups.new", renderer=FORM, permission=Permission.GROUP_CREATE)
def new(context: Any, request: Any) -> View:
    """The form for a new group."""
    privacy = "closed" if rules.site_has_public(request.ctx) else "secret"
    defaults = {"group_privacy": privacy, "membership_granted_upon": "approval", "description_format": "md"}
    return {"values": defaults, "group": None, "parent": None}


@view_config(route_name="groups.new", renderer=FORM, request_method="POST", permission=Permission.GROUP_CREATE)
@form_view(new)
def create(context: Any, request: Any) -> Any:
    """Start the group."""
    group = service.create_group(request.ctx, parse(GroupForm, request.POST))
    request.flash("success", _("{name} is ready. Invite the people you decide with.", name=group.name))
    return request.see_other("groups.invite", key=group.key)


@view_config(route_name="groups.new_subgroup", renderer=FORM, permission=Permission.GROUP_ADD_SUBGROUP)
def new_subgroup(group: Group, request: Any) -> View:
    """The form for a new subgroup."""
    defaults = {"group_privacy": "closed", "membership_granted_upon": "request", "description_format": "md"}
    return {"values": defaults, "group": None, **_within(group, request)}


@view_config(
    route_name="groups.new_subgroup",
    renderer=FORM,
    request_method="POST",
    permission=Permission.GROUP_ADD_SUBGROUP,
)
@form_view(new_subgroup)
def create_subgroup(group: Group, request: Any) -> Any:
    """Start the subgroup."""
    made = service.create_group(request.ctx, parse(GroupForm, request.POST), parent=group)
    request.flash("success", _("{name} is ready. Invite the people you decide with.", name=made.name))
    return request.see_other("groups.invite", key=made.key)


def _within(parent: Group | None, request: Any) -> dict[str, Any]:
    """What the form of a subgroup needs to know of its parent."""
    return {"parent": parent, "within_hidden": subgroups.is_hidden(request.ctx, parent)}


@view_config(route_name="groups.edit", renderer=FORM, permission=Permission.GROUP_UPDATE)
def edit(group: Group, request: Any) -> View:
    """The form for an existing group."""
    return {**frame(group, request), "values": service.values_of(group), **_within(group.parent, request)}


@view_config(route_name="groups.edit", renderer=FORM, request_method="POST", permission=Permission.GROUP_UPDATE)
@form_view(edit)
def update(group: Group, request: Any) -> Any:
    """Save it."""
    service.update_group(request.ctx, group, parse(GroupForm, request.POST), opened=opened_at(request))
    request.flash("success", _("Saved."))
    return request.see_other("groups.show", key=group.key)


@view_config(route_name="groups.settings", renderer=SETTINGS, permission=Permission.GROUP_UPDATE)
def settings(group: Group, request: Any) -> View:
    """What members may do."""
    return {**frame(group, request), "values": {name: getattr(group, name) for name in SettingsForm.model_fields}}


@view_config(route_name="groups.settings", renderer=SETTINGS, request_method="POST", permission=Permission.GROUP_UPDATE)
@form_view(settings)
def save_settings(group: Group, request: Any) -> Any:
    """Save it."""
    service.update_settings(request.ctx, group, parse(SettingsForm, request.POST))
    request.flash("success", _("Saved."))
    return request.see_other("groups.settings", key=group.key)


@view_config(route_name="groups.archive", request_method="POST", permission=Permission.GROUP_ARCHIVE)
def archive(group: Group, request: Any) -> Any:
    """Put the group away."""
    service.archive_group(request.ctx, group)
    request.flash("success", _("{name} was archived.", name=group.name))
    return request.see_other("/dashboard")


@view_config(
    route_name="groups.volume",
    renderer="llmio:web/templates/groups/volume.jinja2",
    permission=Permission.GROUP_SEE_MEMBERS,
)
def volume(group: Group, request: Any) -> View:
    """How much of the group should reach me."""
    frame_values = frame(group, request)
    return {**frame_values, "values": {"volume": frame_values["membership"].volume or 2}}


@view_config(
    route_name="groups.volume",
    renderer="llmio:web/templates/groups/volume.jinja2",
    request_method="POST",
    permission=Permission.GROUP_SEE_MEMBERS,
)
@form_view(volume)
def save_volume(group: Group, request: Any) -> Any:
    """Save it."""
    mine = queries.membership_of(request.ctx, group.id)
    form = parse(VolumeForm, request.POST)
    if mine is not None:
        members.set_volume(request.ctx, mine, volume=int(form.volume))
    request.flash("success", _("Saved."))
    return request.see_other("groups.show", key=group.key)
