"""Uploads: by form, and in two steps as Active Storage's own script does it."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

from pyramid.response import Response
from pyramid.view import view_config

from llmio.core.errors import Invalid, NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import body, direct, faults, service, signing
from llmio.files.models import Blob

AROUND = 64 * 1024
"""Room for the rest of a multipart body."""
TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+( *;[ -~]*)?", re.ASCII)
"""A media type, with or without parameters."""


def refuse_early(request: Any) -> None:
    """Refuse what is announced as too large before any of it is read."""
    limit = request.app.settings.number("files.max_bytes")
    if (request.content_length or 0) > limit + AROUND:
        raise faults.too_large(limit)


@view_config(route_name="files.create", request_method="POST", renderer="json", permission=Permission.FILE_CREATE)
def create(context: Any, request: Any) -> dict[str, Any]:
    """Take one file in; answers JSON. A field `checksum` (base64 of MD5) is held against what came."""
    request.headers["Accept"] = "application/json"  # errors too: only scripts come here
    with body.form_of(request) as parts:
        part, said = parts.get(body.FIELD), parts.get("checksum")
        if part is None or part.filename is None:
            raise Invalid.at("file", _("Please choose a file."))
        service.refuse_empty(part.file)
        checksum = said.value.strip() if said is not None and said.size < 100 else ""
        blob = service.store(request.ctx, filename=part.filename, stream=part.file, checksum=checksum)
    request.response.status_int = 201
    return {
        "id": blob.id,
        "url": signing.url(request.ctx, blob),
        "filename": blob.filename,
        "content_type": blob.content_type,
        "size": blob.byte_size,
    }


@view_config(
    route_name="files.announce_rails", request_method="POST", renderer="json", permission=Permission.FILE_CREATE
)
@view_config(route_name="files.announce", request_method="POST", renderer="json", permission=Permission.FILE_CREATE)
def announce(context: Any, request: Any) -> dict[str, Any]:
    """First step: what will come. Answers where to send it, as Active Storage's script expects it."""
    request.headers["Accept"] = "application/json"
    request.limit("direct_uploads")
    return direct.announce(request.ctx, **_announced(request))


def _announced(request: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        blob = request.json_body["blob"]
        size, kind = blob["byte_size"], str(blob.get("content_type") or "")
        found |= {"filename": blob["filename"], "byte_size": int(size), "checksum": str(blob["checksum"])}
        found["content_type"] = kind if TYPE.fullmatch(kind) else ""
        whole = len(b64decode(found["checksum"], validate=True)) == 16
        whole = whole and isinstance(found["filename"], str) and not isinstance(size, (bool, float))
    except (ValueError, KeyError, TypeError, OverflowError):
        whole = False
    if not whole:
        raise Invalid(_("A file is announced as {form}.", form='{"blob": {filename, byte_size, checksum}}'))
    return found


# The token, made for this person a moment ago, is what a forged form could not have.
@view_config(route_name="files.put", request_method="PUT", require_csrf=False, permission=Permission.FILE_CREATE)
def put(context: Any, request: Any) -> Response:
    """Second step: the bytes themselves."""
    request.headers["Accept"] = "application/json"
    refuse_early(request)
    coming = direct.read(request.ctx, request.matchdict["token"])
    if coming is None:
        raise NotFound(_("This upload was not announced, or too long ago. Please try again."))
    direct.alone(request.ctx, coming)
    if request.ctx.db.get(Blob, coming.id) is None:  # else it came already, and only the answer was lost
        if request.content_length is not None and request.content_length != coming.byte_size:
            raise service.other_size()
        service.store(
            request.ctx,
            filename=coming.filename,
            stream=body.raw(request),
            checksum=coming.checksum,
            at=service.Reserved(coming.id, coming.key, coming.byte_size),
        )
    return Response(status=204)
