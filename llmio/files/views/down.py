"""Downloads."""

from __future__ import annotations

from typing import Any

from pyramid.response import Response
from pyramid.view import view_config

from llmio.core.permissions import Permission
from llmio.files import answer, queries
from llmio.files.models import Blob


@view_config(route_name="files.rails", permission=Permission.PUBLIC)
@view_config(route_name="files.rails_preview", permission=Permission.PUBLIC)
@view_config(route_name="files.show", permission=Permission.PUBLIC)
def show(blob: Blob, request: Any) -> Response:
    """Give a file; whether the actor may have it was decided when it was looked up."""
    if "preview" in request.params or request.matched_route.name == "files.rails_preview":
        # Not made yet, or it could not be: then the picture itself.
        blob = queries.preview(request.ctx, blob.id) or blob
    return answer.give(request, blob, download="download" in request.params)
