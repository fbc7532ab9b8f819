"""Downloads."""

from __future__ import annotations

from typing import Any

from pyramid.response import Response
from pyramid.view import view_config

from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import answer, jobs, originals, previews, shrink
from llmio.files.models import Blob

SIDES = {"logo": previews.LOGO}
"""`?preview=logo`; any other word means the preview in a text."""


@view_config(route_name="files.rails", permission=Permission.PUBLIC)
@view_config(route_name="files.rails_preview", permission=Permission.PUBLIC)
@view_config(route_name="files.show", permission=Permission.PUBLIC)
def show(blob: Blob, request: Any) -> Response:
    """Give a file; whether the actor may have it was decided when it was looked up."""
    small = "preview" in request.params or request.matched_route.name == "files.rails_preview"
    # A page that shows it would have every reader's browser unpack it; as a file of its own it can still be had.
    if previews.is_bomb(blob) and (small or request.headers.get("Sec-Fetch-Dest") == "image"):
        raise NotFound(_("This picture is too large to be shown. You can download it."))
    if small:
        blob = _small(blob, request, SIDES.get(request.params.get("preview", ""), shrink.LONGEST))
    if originals.is_noted(blob) and originals.is_due(request.ctx, blob, "strip"):
        request.ctx.enqueue(jobs.strip, blob.id)
    return answer.give(request, blob, download="download" in request.params)


def _small(blob: Blob, request: Any, side: int) -> Blob:
    """The small form. Where there is none yet it is asked for, and the picture itself is given; or it cannot be made."""
    found = previews.find(request.ctx, blob, side)
    if found is None and previews.is_possible(blob) and originals.is_due(request.ctx, blob, f"preview {side}"):
        request.ctx.enqueue(jobs.preview, "Blob", blob.id, side)
    return found or blob
