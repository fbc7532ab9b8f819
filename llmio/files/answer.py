"""Giving a file out: whole or in part, unless the browser has it already; never so that it could run anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol
from urllib.parse import quote

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response

from llmio.files import intake, originals, sniff, storages
from llmio.files.models import Blob
from llmio.files.stripping.reading import pieces

CLOSED = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox"
SHOWN = frozenset(kind for kind in sniff.INLINE if kind.startswith("image/"))
GOOD_FOR = timedelta(minutes=10)
"""How long a signed address of a bucket may be used."""
RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")


def give(request: Any, blob: Blob, *, download: bool = False) -> Response:
    """The file, or the way to it. Whether the actor may have it was decided before."""
    kind = sniff.given_as(blob.content_type or sniff.OPAQUE)
    disposition = disposition_of(blob.filename, inline=kind in sniff.INLINE and not download)
    storage = storages.named(request.app, blob.service_name)
    noted = originals.is_noted(blob)
    here = noted or request.method == "HEAD"  # an address is signed for GET alone
    signed = None if here else storage.url(blob.key, expires=GOOD_FOR, content_type=kind, disposition=disposition)
    if signed:
        return HTTPSeeOther(signed, headers={"Cache-Control": "private, max-age=300"})
    response = Response(content_type=kind, charset="utf-8" if kind.startswith("text/") else None)
    response.headers.update(
        {
            "Content-Disposition": disposition,
            "Content-Security-Policy": CLOSED,
            "X-Content-Type-Options": "nosniff",
            # Mails show pictures by their signed addresses, in pages of other sites; those get no cookie of ours.
            "Cross-Origin-Resource-Policy": "cross-origin" if kind in SHOWN else "same-origin",
            "Cache-Control": "private, max-age=86400",
            "Accept-Ranges": "bytes",
        }
    )
    response.etag = f"{blob.key}-stripped" if noted else blob.key
    response.last_modified = blob.created_at
    status = condition(request, response)
    if status:
        return bare(response, status)
    return stream(request, response, _on_the_way(request, blob) if noted else Stored(storage, blob.key, blob.byte_size))


class Source(Protocol):
    """Where the bytes come from."""

    @property
    def size(self) -> int:
        """How many."""
        ...

    def check(self) -> None:
        """Raise where they are gone."""
        ...

    def open(self, start: int, end: int) -> Iterator[bytes]:
        """Those from `start` up to before `end`."""
        ...


@dataclass(frozen=True)
class Stored:
    """From a storage."""

    storage: storages.Storage
    key: str
    size: int

    def check(self) -> None:
        """Ask for the size."""
        self.storage.size(self.key)

    def open(self, start: int, end: int) -> Iterator[bytes]:
        """Piece by piece."""
        return self.storage.open(self.key, start=start, end=end)


@dataclass(frozen=True)
class Copied:
    """From a copy made for this answer, which goes when it was sent."""

    size: int
    file: IO[bytes]

    def check(self) -> None:
        """It is there."""
        self.file.close()

    def open(self, start: int, end: int) -> Iterator[bytes]:
        """Piece by piece."""
        with self.file:
            self.file.seek(start)
            yield from pieces(self.file, end - start)


def _on_the_way(request: Any, blob: Blob) -> Copied:
    """A picture from before, which nobody has looked through: what it holds besides is left out now."""
    with originals.stripped(request.app, blob) as found:
        copy = SpooledTemporaryFile(max_size=intake.IN_MEMORY)  # noqa: SIM115  # closed when the answer was sent
        for piece in pieces(found.stream):
            copy.write(piece)
        return Copied(found.size, copy)


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


def stream(request: Any, response: Response, source: Source) -> Response:
    """The bytes, piece by piece, or the part that was asked for."""
    start, end = 0, source.size
    asked = RANGE.match(request.headers.get("Range", "")) if response in request.if_range else None
    if asked and any(asked.groups()):
        start, end = part_of(asked.group(1), asked.group(2), source.size)
        if start >= end:
            response.headers["Content-Range"] = f"bytes */{source.size}"
            return bare(response, 416)
        response.status_int = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{source.size}"
    if request.method == "HEAD":
        source.check()  # raises where the file is gone
    else:
        response.app_iter = source.open(start, end)
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
