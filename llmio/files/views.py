"""Uploads and downloads."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import service, signing, sniff, storages
from llmio.files.models import Blob

CLOSED = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox"
GOOD_FOR = timedelta(minutes=10)
AROUND = 64 * 1024
"""Room for the rest of a multipart body."""
RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")


def refuse_early(request: Any) -> None:
    """Refuse what is announced as too large before any of it is read."""
    limit = request.app.settings.number("files.max_bytes")
    if (request.content_length or 0) > limit + AROUND:
        raise service.too_large(limit)


@view_config(route_name="files.create", request_method="POST", renderer="json", permission=Permission.FILE_CREATE)
def create(context: Any, request: Any) -> dict[str, Any]:
    """Take one file in; answers JSON."""
    request.headers["Accept"] = "application/json"  # errors too: only scripts come here
    refuse_early(request)
    field = request.POST.get("file")
    if field is None or not hasattr(field, "file"):
        raise Invalid.at("file", _("Please choose a file."))
    blob = service.store(request.ctx, filename=field.filename, stream=field.file)
    request.response.status_int = 201
    return {
        "id": blob.id,
        "url": signing.url(request.ctx, blob),
        "filename": blob.filename,
        "content_type": blob.content_type,
        "size": blob.byte_size,
    }


@view_config(route_name="files.show", permission=Permission.PUBLIC)
def show(blob: Blob, request: Any) -> Response:
    """Give a file; whether the actor may have it was decided when it was looked up."""
    kind = blob.content_type or sniff.OPAQUE
    disposition = disposition_of(blob, inline=kind in sniff.INLINE and "download" not in request.params)
    storage = storages.named(request.app, blob.service_name)
    signed = storage.url(blob.key, expires=GOOD_FOR, content_type=kind, disposition=disposition)
    if signed:
        return HTTPSeeOther(signed, headers={"Cache-Control": "private, max-age=300"})
    response = Response(content_type=kind, charset="utf-8" if kind.startswith("text/") else None)
    response.headers.update(
        {
            "Content-Disposition": disposition,
            "Content-Security-Policy": CLOSED,
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, max-age=86400",
            "Accept-Ranges": "bytes",
            "ETag": f'"{blob.key}"',
        }
    )
    if f'"{blob.key}"' in request.headers.get("If-None-Match", ""):
        response.status_int = 304
        del response.content_type
        del response.content_length
        return response
    return _stream(blob, request, storage, response)


def _stream(blob: Blob, request: Any, storage: storages.Storage, response: Response) -> Response:
    start, end = 0, blob.byte_size
    asked = RANGE.match(request.headers.get("Range", ""))
    if asked and any(asked.groups()):
        start, end = part_of(asked.group(1), asked.group(2), blob.byte_size)
        if start >= end:
            response.status_int = 416
            response.headers["Content-Range"] = f"bytes */{blob.byte_size}"
            return response
        response.status_int = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.byte_size}"
    response.content_length = end - start
    if request.method == "HEAD":
        return response
    response.app_iter = storage.open(blob.key, start=start, end=end)
    response.content_length = end - start
    return response


def part_of(first: str, last: str, size: int) -> tuple[int, int]:
    """The half-open range that `bytes=first-last` asks for; start ≥ end where it cannot be given."""
    if not first:
        return max(size - int(last[:18]), 0), size
    return int(first[:18]), min(int(last[:18]) + 1, size) if last else size


def disposition_of(blob: Blob, *, inline: bool) -> str:
    """The header with the name, in ASCII and in full."""
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", blob.filename)
    how = "inline" if inline else "attachment"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(blob.filename, safe='')}"
