"""`/admin/audit`, `/g/{key}/acts`, `/profile/acts`: what administrators and admins did, for those whom it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.admin.service import acts
from llmio.admin.views import number, words
from llmio.core.permissions import Permission
from llmio.groups.models import Group

TEMPLATE = "llmio:web/templates/admin/audit.jinja2"


@view_config(route_name="admin.audit", renderer=TEMPLATE, permission=Permission.ADMIN)
def site(request: Any) -> Mapping[str, Any]:
    """The whole log, by act and by who did it."""
    act, who = words(request.params.get("act")), words(request.params.get("who"))
    found = acts.of_site(request.ctx, act=act, who=who, page=number(request.params.get("page")))
    return {"list": found, "scope": "site", "group": None, "kinds": acts.ACTS, "act": act, "who": who}


@view_config(route_name="groups.acts", renderer=TEMPLATE, permission=Permission.GROUP_SHOW)
def group(context: Group, request: Any) -> Mapping[str, Any]:
    """What admins did in the group, for members."""
    found = acts.of_group(request.ctx, context, page=number(request.params.get("page")))
    return {"list": found, "scope": "group", "group": context, "kinds": {}, "act": "", "who": ""}


@view_config(route_name="accounts.acts", renderer=TEMPLATE)
def myself(request: Any) -> Mapping[str, Any]:
    """What was done to one's account."""
    found = acts.of_myself(request.ctx, page=number(request.params.get("page")))
    return {"list": found, "scope": "own", "group": None, "kinds": {}, "act": "", "who": ""}
