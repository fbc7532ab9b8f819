"""Taking bytes in: counted, hashed and looked at in one go, with as much memory for a gigabyte as for a page."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from llmio.files import faults, sniff, storages, stripping

IN_MEMORY = 1 << 20
PIECE = 1 << 18
NOTE = 1 << 10
"""Room for a note of how a picture is turned."""


@dataclass(frozen=True)
class Taken:
    """What came; `stream` stands at its beginning."""

    stream: IO[bytes]
    size: int
    checksum: str
    """Base64 of the MD5 sum, as Active Storage keeps it."""
    head: bytes


@contextmanager
def taken(stream: IO[bytes], limit: int) -> Iterator[Taken]:
    """All of a stream. What can be read twice is; else it is copied to a temporary file on the way. Raises TooLarge."""
    # The web server's own body, where nothing said how long it is, does not even know the question.
    if hasattr(stream, "seekable") and stream.seekable():
        with faults.told():
            stream.seek(0)
            found = _read(stream, None, limit)
            stream.seek(0)
        yield Taken(stream, *found)
        return
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as kept:
        with faults.told():
            found = _read(stream, kept, limit)
            kept.seek(0)
        yield Taken(kept, *found)


@contextmanager
def stripped(came: Taken, kind: str) -> Iterator[Taken]:
    """What came, without what cameras note where it is a picture of a kind that is known; the same where nothing was noted."""
    if kind not in stripping.STRIPPERS:
        yield came
        return
    with taken(storages.reader(stripping.strip(came.stream, kind)), came.size + NOTE) as found:
        came.stream.seek(0)
        yield came if found.checksum == came.checksum else found


def _read(stream: IO[bytes], kept: IO[bytes] | None, limit: int) -> tuple[int, str, bytes]:
    size, digest, head = 0, hashlib.md5(usedforsecurity=False), b""
    while piece := stream.read(PIECE):
        size += len(piece)
        if size > limit:
            raise faults.too_large(limit)
        if len(head) < sniff.HEAD:
            head += piece[: sniff.HEAD - len(head)]
        digest.update(piece)
        if kept is not None:
            kept.write(piece)
    return size, base64.b64encode(digest.digest()).decode(), head
