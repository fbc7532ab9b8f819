"""The search page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.groups import queries as groups
from llmio.plugins import Filters
from llmio.search import documents, service

ORDERS = ("relevance", "newest", "oldest")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


@view_config(route_name="search.show", renderer="llmio:web/templates/search/show.jinja2")
def show(request: Any) -> Mapping[str, Any]:
    """Find discussions, comments, polls, votes' reasons and outcomes."""
    asked = request.params.get
    query = asked("q", "").strip()[:200]
    kind = asked("type", "") if asked("type", "") in documents.TYPES else ""
    order = asked("order", "") if asked("order", "") in ORDERS else "relevance"
    group_id, offset = _number(asked("group_id", "")), _number(asked("offset", ""))
    filters = Filters(
        types=(kind,) if kind else (), group_ids=(group_id,) if group_id else (), order=order, tag=asked("tag") or None
    )
    results = service.search(request.ctx, query, filters, offset=offset) if query else None
    return {
        "q": query,
        "results": results,
        "groups": groups.groups_of(request.ctx),
        "values": {"q": query, "type": kind, "order": order, "group_id": group_id or ""},
        "next_offset": offset + service.PAGE,
    }
