"""Reading and patching, for all kinds; and how a picture is turned, which is kept."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import IO

PIECE = 1 << 16
ORIENTATION = 0x0112
LARGEST_NOTE = 1 << 17
"""Bytes of Exif that are looked into for the orientation; cameras write 64 KB at most."""
MOST_PATCHES = 2000
Patch = tuple[int, bytes | int]
"""Where, and what instead: bytes, or so many zeros."""


def pieces(stream: IO[bytes], size: int | None = None) -> Iterator[bytes]:
    """So many bytes, or all that is left."""
    while size is None or size > 0:
        piece = stream.read(PIECE if size is None else min(PIECE, size))
        if not piece:
            return
        if size is not None:
            size -= len(piece)
        yield piece


def turned(exif: bytes) -> int:
    """The orientation in a block of Exif, 1 (upright) where it says none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    try:
        if order is None:
            return 1
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for place in range(start + 2, start + 2 + 12 * min(count, 500), 12):
            tag, _kind, _count, value = struct.unpack_from(f"{order}HHIH", exif, place)
            if tag == ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def only_turned(orientation: int) -> bytes:
    """A block of Exif that says nothing else."""
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, ORIENTATION, 3, 1, orientation, 0, 0)


def patched(stream: IO[bytes], patches: Sequence[Patch]) -> Iterator[bytes]:
    """All of a stream with some bytes changed; patches may lie anywhere in any order."""
    stream.seek(0)
    place = 0
    while piece := stream.read(PIECE):
        made = bytearray(piece)
        for start, new in patches[:MOST_PATCHES]:
            size = new if isinstance(new, int) else len(new)
            first, last = max(start, place), min(start + size, place + len(piece))
            if first < last:
                made[first - place : last - place] = (
                    bytes(last - first) if isinstance(new, int) else new[first - start : last - start]
                )
        place += len(piece)
        yield bytes(made)
