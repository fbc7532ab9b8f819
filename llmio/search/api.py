"""`GET /api/v1/search`: the same search as JSON, with the reference's parameters and names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from llmio.plugins import Filters
from llmio.search import documents, forms, serializers, service

if TYPE_CHECKING:
    from llmio.core.context import Context

ORDERS = {"authored_at_desc": "newest", "authored_at_asc": "oldest"}


@view_config(route_name="search.api", request_method="GET", renderer="json")
def index(request: Any) -> Mapping[str, Any]:
    """At most twenty results, with their authors and polls."""
    ctx = request.ctx
    ctx.signed_in()
    query = request.params.get("query", "").replace("\0", "").strip()[: forms.LONGEST]
    filters = _filters(ctx, request.params)
    found = service.search(ctx, query, filters).found if query and filters is not None else ()
    return serializers.search_results(ctx, found)


def _filters(ctx: Context, given: Mapping[str, str]) -> Filters | None:
    """What the parameters ask for; None where they name a type that there is none of. 0 as a group means none."""
    kind = given.get("type", "")
    if kind and kind not in documents.TYPES:
        return None
    group, organisation = given.get("group_id", ""), given.get("org_id", "")
    group_ids: list[int] = []
    if forms.number(group):
        group_ids = [forms.number(group)]
    elif forms.number(organisation):
        group_ids = forms.organisation(ctx, forms.number(organisation))
    return Filters(
        types=(kind,) if kind else (),
        group_ids=group_ids,
        direct="0" in (group, organisation),
        tag=given.get("tag", "").replace("\0", "") or None,
        order=ORDERS.get(given.get("order", ""), "relevance"),
    )
