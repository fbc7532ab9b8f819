"""The search page, and the way to the very vote or outcome that was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions.views.show import address_of_item
from llmio.plugins import parse_query
from llmio.polls import cards
from llmio.polls.results import stance_visible
from llmio.search import documents, forms, results, service

RESULTS = "llmio:web/templates/search/results.jinja2"
FRAME = "search-results"


@view_config(route_name="search.show", renderer="llmio:web/templates/search/show.jinja2")
def show(request: Any) -> Mapping[str, Any]:
    """Find discussions, comments, polls, votes' reasons and outcomes."""
    ctx = request.ctx
    ctx.signed_in()
    asked = forms.read(ctx, request.params)
    if asked.errors:
        request.response.status_int = 422
    found = service.search(ctx, asked.query, asked.filters, offset=asked.offset) if _answerable(asked) else None
    terms = parse_query(asked.query)
    values = {
        "q": asked.query,
        "asked": asked,
        "results": found,
        "errors": asked.errors,
        "address": {name: value for name, value in asked.values.items() if value and value != "relevance"},
        "only_excluded": bool(terms) and all(term.excluded for term in terms),
        "next_offset": asked.offset + service.PAGE,
        "previous_offset": max(0, asked.offset - service.PAGE),
    }
    if request.headers.get("Turbo-Frame") == FRAME:  # as somebody types
        request.override_renderer = RESULTS
        return values
    return {**values, "values": asked.values, "places": forms.places(ctx), "tags": forms.has_tags(ctx)}


def _answerable(asked: forms.Asked) -> bool:
    return bool(asked.query) and not asked.errors


@view_config(route_name="search.item")
def item(request: Any) -> Any:
    """Lead to a vote or an outcome: to its place in the thread, or to its poll."""
    ctx, kind, record_id = request.ctx, request.matchdict["type"], int(request.matchdict["id"])
    found = documents.records(ctx, kind, [record_id])
    poll = found[0].poll if found else None
    if poll is None or not ctx.can(Permission.POLL_SHOW, poll):  # what is hidden is answered like what is gone
        raise NotFound(_("It is not there any more."))
    if kind == "Stance" and not stance_visible(ctx, poll, found[0]):
        raise NotFound(_("It is not there any more."))
    place = results.place_in_thread(ctx, kind, record_id)
    discussion = poll.discussion
    if place is None or discussion is None or not ctx.can(Permission.DISCUSSION_SHOW, discussion):
        return request.see_other(cards.path_of(poll))
    event_id, sequence_id = place
    return request.see_other(address_of_item(ctx, discussion, sequence_id, f"item-{event_id}"))
