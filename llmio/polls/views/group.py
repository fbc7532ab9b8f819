"""The polls of a group, all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups.models import Group
from llmio.groups.views import frame
from llmio.polls import cards, panels, queries

PAGE = 20


@view_config(
    route_name="polls.group", renderer="llmio:web/templates/polls/group.jinja2", permission=Permission.GROUP_SHOW
)
def of_group(group: Group, request: Any) -> Mapping[str, Any]:
    """Open ones first, then those that have closed, the last first."""
    ctx, offset = request.ctx, request.params.get("offset", "0")
    if not panels.may_see(ctx, group) or not offset.isdecimal() or len(offset) > 6:
        raise NotFound(_("There is nothing here that you may see."))
    start = int(offset)
    return {
        **frame(group, request),
        "open": [] if start else cards.lines(ctx, queries.of_group(ctx, group.id, limit=100)),
        "closed": cards.lines(ctx, queries.of_group(ctx, group.id, closed=True, limit=PAGE + 1, offset=start)),
        "page": PAGE,
        "offset": start,
    }
