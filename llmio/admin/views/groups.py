"""`/admin/groups`: every group of the site."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pyramid.view import view_config

from llmio.admin.service import groups
from llmio.admin.service.groups import Sort
from llmio.admin.views import number, words
from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission


@view_config(route_name="admin.groups", renderer="llmio:web/templates/admin/groups.jinja2", permission=Permission.ADMIN)
def listed(request: Any) -> Mapping[str, Any]:
    """Groups by name or handle, in a chosen order."""
    asked, sort = words(request.params.get("q")), Sort.NEWEST
    with suppress(ValueError):
        sort = Sort(request.params.get("sort", "newest"))
    archived = request.params.get("show") == "archived"
    page = number(request.params.get("page"))
    return {
        "values": {"q": asked, "sort": sort.value, "show": "archived" if archived else ""},
        "archived": archived,
        "list": groups.find(request.ctx, words=asked, archived=archived, sort=sort, page=page),
    }


@view_config(route_name="admin.group_act", request_method="POST", permission=Permission.ADMIN)
def act(request: Any) -> Any:
    """Archive a group, or bring it back."""
    group = groups.get(request.ctx, number(request.matchdict["id"], least=0))
    name = group.name or ""
    if request.matchdict["act"] == "archive":
        groups.archive(request.ctx, group)
        request.flash("success", _("{name} was archived.", name=name))
        return request.see_other("admin.groups")
    try:
        groups.unarchive(request.ctx, group)
    except Invalid as fault:
        request.flash("danger", str(fault))
    else:
        request.flash("success", _("{name} is back.", name=name))
    return request.see_other("admin.groups", _query={"show": "archived"})
