"""What is kept of a poll: receipts and the table of all votes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.response import Response
from pyramid.view import view_config

from llmio.core.permissions import Permission
from llmio.polls import cards, export
from llmio.polls.models import Poll


@view_config(
    route_name="polls.receipts",
    renderer="llmio:web/templates/polls/receipts.jinja2",
    permission=Permission.POLL_RECEIPTS,
)
def receipts(poll: Poll, request: Any) -> Mapping[str, Any]:
    """Who was asked to vote, and by whom."""
    return {"view": cards.one(request.ctx, poll), "receipts": export.receipts(request.ctx, poll)}


@view_config(route_name="polls.export", permission=Permission.POLL_EXPORT)
def as_csv(poll: Poll, request: Any) -> Response:
    """The poll as a table."""
    response = Response(export.as_csv(request.ctx, poll), content_type="text/csv", charset="utf-8")
    response.content_disposition = f'attachment; filename="poll-{poll.key}.csv"'
    response.headers["Cache-Control"] = "no-store, private"
    return response
