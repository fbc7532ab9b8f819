"""Giving a file out: whole or in part, unless the browser has it already; never so that it could run anything."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response

from llmio.files import sniff, storages
from llmio.files.models import Blob

CLOSED = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox"
GOOD_FOR = timedelta(minutes=10)
"""How long a signed address of a bucket may be used."""
RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")


def give(request: Any, blob: Blob, *, download: bool = False) -> Response:
    """The file, or the way to it. Whether the actor may have it was decided before."""
    kind = blob.content_type or sniff.OPAQUE
    disposition = disposition_of(blob.filename, inline=kind in sniff.INLINE and not download)
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
        }
    )
    response.etag = blob.key
    response.last_modified = blob.created_at
    status = condition(request, response)
    return bare(response, status) if status else stream(request, blob, storage, response)


def condition(request: Any, response: Response) -> int:
    """What the request's conditions answer by themselves: 412, 304 or 0. The tag goes before the time (RFC 9110, 13.2.2)."""
    headers, tag, changed = request.headers, response.etag, response.last_modified
    if "If-Match" in headers:
        if tag not in request.if_match:
            return 412
    elif request.if_unmodified_since and changed > request.if_unmodified_since:
        return 412
    if "If-None-Match" in headers:
        return 304 if tag in request.if_none_match else 0
    return 304 if request.if_modified_since and changed <= request.if_modified_since else 0


def bare(response: Response, status: int) -> Response:
    """An answer without a body."""
    response.status_int = status
    response.app_iter = ()
    response.content_length = None if status == 304 else 0
    if status == 304:
        del response.content_type
    return response


def stream(request: Any, blob: Blob, storage: storages.Storage, response: Response) -> Response:
    """The bytes, piece by piece, or the part that was asked for."""
    start, end = 0, blob.byte_size
    asked = RANGE.match(request.headers.get("Range", "")) if response in request.if_range else None
    if asked and any(asked.groups()):
        start, end = part_of(asked.group(1), asked.group(2), blob.byte_size)
        if start >= end:
            response.headers["Content-Range"] = f"bytes */{blob.byte_size}"
            return bare(response, 416)
        response.status_int = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.byte_size}"
    if request.method == "HEAD":
        storage.size(blob.key)  # raises where the file is gone
    else:
        response.app_iter = storage.open(blob.key, start=start, end=end)
    response.content_length = end - start
    return response


def part_of(first: str, last: str, size: int) -> tuple[int, int]:
    """The half-open range that `bytes=first-last` asks for; start ≥ end where it cannot be given."""
    if not first:
        return max(size - int(last[:18]), 0), size
    return int(first[:18]), min(int(last[:18]) + 1, size) if last else size


def disposition_of(filename: str, *, inline: bool) -> str:
    """The header with the name, in ASCII and in full."""
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", filename)
    how = "inline" if inline else "attachment"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
