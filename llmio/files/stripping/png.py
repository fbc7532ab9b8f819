"""PNG. Source: https://www.w3.org/TR/png-3/."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO

from llmio.files.stripping.reading import LARGEST_NOTE, only_turned, pieces, turned

KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
"""Chunks that say how the picture looks; all others are notes, or unknown."""


def strip(stream: IO[bytes]) -> Iterator[bytes]:
    """Chunk by chunk up to the last."""
    yield stream.read(8)
    first = True
    while len(head := stream.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if first and kind != b"IHDR":
            break
        first = False
        if kind in KEPT:
            yield head
            yield from pieces(stream, length + 4)
        elif kind == b"eXIf" and length <= LARGEST_NOTE:
            orientation = turned(stream.read(length))
            stream.seek(4, 1)
            if orientation != 1:
                yield chunk(b"eXIf", only_turned(orientation))
        else:
            stream.seek(length + 4, 1)
        if kind == b"IEND":
            return
    yield head
    yield from pieces(stream)


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk with its length and sum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
