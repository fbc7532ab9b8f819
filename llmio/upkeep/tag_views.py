"""The page of an organisation's tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.core.errors import Conflict, Invalid
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups.models import Group
from llmio.groups.views import frame
from llmio.upkeep.forms import TagForm
from llmio.upkeep.service import tags

TEMPLATE = "llmio:web/templates/upkeep/tags.jinja2"
View = Mapping[str, Any]


@view_config(route_name="upkeep.tags", renderer=TEMPLATE, permission=Permission.GROUP_TAGS)
def tags_page(group: Group, request: Any) -> View:
    """The tags, how often each is used, and a form for a new one."""
    return {
        **frame(group, request),
        "tags": tags.listed(request.ctx, group),
        "values": {"color": tags.FALLBACK},
        "changing": request.matchdict.get("id"),
    }


@view_config(route_name="upkeep.tags", request_method="POST", renderer=TEMPLATE, permission=Permission.GROUP_TAGS)
@form_view(tags_page)
def add_tag(group: Group, request: Any) -> Any:
    """Make one."""
    form = parse(TagForm, request.POST)
    try:
        tag = tags.add_tag(request.ctx, group, name=form.name, color=form.color)
    except Conflict as fault:
        raise Invalid.at("name", fault.message) from None
    request.flash("success", _("{name} was added.", name=tag.name))
    return request.see_other("upkeep.tags", key=group.key)


@view_config(route_name="upkeep.change_tag", request_method="POST", renderer=TEMPLATE, permission=Permission.GROUP_TAGS)
@form_view(tags_page)
def change_tag(group: Group, request: Any) -> Any:
    """Name and colour one anew."""
    form = parse(TagForm, request.POST)
    tags.change_tag(request.ctx, group, int(request.matchdict["id"]), name=form.name, color=form.color)
    request.flash("success", _("The tag is being changed everywhere in the organisation."))
    return request.see_other("upkeep.tags", key=group.key)


@view_config(route_name="upkeep.remove_tag", request_method="POST", permission=Permission.GROUP_TAGS)
def remove_tag(group: Group, request: Any) -> Any:
    """Remove one."""
    tag = tags.remove_tag(request.ctx, group, int(request.matchdict["id"]))
    request.flash("success", _("{name} is being taken from everything in the organisation.", name=tag.name))
    return request.see_other("upkeep.tags", key=group.key)
