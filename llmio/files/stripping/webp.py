"""WebP. Source: https://developers.google.com/speed/webp/docs/riff_container."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

from llmio.files.stripping.reading import LARGEST_NOTE, only_turned, pieces, turned

KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
HAS_EXIF, HAS_XMP = 0x08, 0x04
"""Bits of the chunk VP8X."""


def strip(stream: IO[bytes]) -> Iterator[bytes]:
    """Chunk by chunk; the size of the whole stands at the beginning, so they are looked at before."""
    kept, orientation = _look(stream)
    stream.seek(0)
    if not kept:
        yield from pieces(stream)
        return
    note = only_turned(orientation) if orientation != 1 and kept[0][0] == b"VP8X" else b""
    size = 4 + sum(8 + length + length % 2 for _kind, _place, length in kept) + (8 + len(note) if note else 0)
    yield b"RIFF" + struct.pack("<I", size) + b"WEBP"
    for kind, place, length in kept:
        yield kind + struct.pack("<I", length)
        stream.seek(place)
        if kind == b"VP8X":
            flags = stream.read(1)[0] & ~(HAS_EXIF | HAS_XMP)
            yield bytes([flags | HAS_EXIF if note else flags])
            yield from pieces(stream, length - 1)
        else:
            yield from pieces(stream, length)
        yield b"\0" * (length % 2)
    if note:
        yield b"EXIF" + struct.pack("<I", len(note)) + note


def _look(stream: IO[bytes]) -> tuple[list[tuple[bytes, int, int]], int]:
    """The chunks that stay, as (kind, place, length), none where one is cut off; and how the picture is turned."""
    end = stream.seek(0, 2)
    place, kept, orientation = 12, [], 1
    while place + 8 <= end:
        stream.seek(place)
        kind, length = struct.unpack("<4sI", stream.read(8))
        if place + 8 + length > end or (kind == b"VP8X" and length < 1):
            return [], 1
        if kind in KEPT:
            kept.append((kind, place + 8, length))
        elif kind == b"EXIF" and length <= LARGEST_NOTE:
            orientation = turned(stream.read(length).removeprefix(b"Exif\0\0"))
        place += 8 + length + length % 2
    return kept, orientation
