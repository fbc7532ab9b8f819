"""JPEG. Source: https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from llmio.files.stripping.reading import PIECE, only_turned, pieces, turned

EXIF = b"Exif\0\0"
KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Application segments that say how the picture is to be shown: marker → beginning."""
COMMENT, SCAN, END = 0xFE, 0xDA, 0xD9
BARE = {0x01, *range(0xD0, 0xD9)}
"""Markers without a segment."""
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""What ends the data of a scan: not a stuffed zero, a restart or a fill byte."""


def strip(stream: IO[bytes]) -> Iterator[bytes]:
    """Segments and scans up to the end of the first picture; phones put a second one or a film behind it."""
    yield stream.read(2)
    while len(two := stream.read(2)) == 2:
        marker = two[1]
        if two[0] != 0xFF:
            yield two
            yield from pieces(stream)
            return
        if marker == 0xFF:  # a fill byte
            stream.seek(-1, 1)
            continue
        if marker in BARE or marker == END:
            yield two
            if marker == END:
                return
            continue
        yield from _segment(stream, two)
        if marker == SCAN:
            yield from _scan(stream)
    yield two


def _segment(stream: IO[bytes], marker: bytes) -> Iterator[bytes]:
    size = stream.read(2)
    length = max(0, int.from_bytes(size) - 2)
    body = stream.read(length)
    if 0xE0 <= marker[1] <= 0xEF or marker[1] == COMMENT:
        if body.startswith(EXIF):
            orientation = turned(body[len(EXIF) :])
            if orientation != 1:
                new = EXIF + only_turned(orientation)
                yield marker + (len(new) + 2).to_bytes(2) + new
            return
        beginning = KEPT.get(marker[1])
        if beginning is None or not body.startswith(beginning):
            return
    yield marker + size + body


def _scan(stream: IO[bytes]) -> Iterator[bytes]:
    """The data of a scan; the stream then stands at the marker that ends it."""
    while piece := stream.read(PIECE):
        found = MARKER.search(piece)
        if found:
            yield piece[: found.start()]
            stream.seek(found.start() - len(piece), 1)
            return
        if piece.endswith(b"\xff") and len(piece) > 1:
            yield piece[:-1]
            stream.seek(-1, 1)
        else:
            yield piece
