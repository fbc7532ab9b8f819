"""GIF. Source: https://www.w3.org/Graphics/GIF/spec-gif89a.txt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from llmio.files.stripping.reading import pieces

EXTENSION, IMAGE, END = b"\x21", b"\x2c", b"\x3b"
COMMENT, APPLICATION = 0xFE, 0xFF
KEPT = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
"""Applications whose extension says how the picture is shown: how often it repeats, its colours."""


def strip(stream: IO[bytes]) -> Iterator[bytes]:
    """Block by block, without comments and what programs noted."""
    head = stream.read(13)
    yield head
    if len(head) == 13:
        yield stream.read(_colours(head[10]))
        while (begin := stream.read(1)) in (EXTENSION, IMAGE):
            yield from _image(stream) if begin == IMAGE else _extension(stream)
        yield begin
        if begin == END:
            return
    yield from pieces(stream)


def _colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _image(stream: IO[bytes]) -> Iterator[bytes]:
    head = stream.read(9)
    yield IMAGE + head
    if len(head) == 9:
        yield stream.read(_colours(head[8]) + 1)
        yield from _blocks(stream)


def _extension(stream: IO[bytes]) -> Iterator[bytes]:
    label = stream.read(1)
    blocks = _blocks(stream)
    first = next(blocks, b"")
    noted = label == bytes([COMMENT]) or (label == bytes([APPLICATION]) and first[1:] not in KEPT)
    if not noted:
        yield EXTENSION + label + first
    if first == b"\0":
        return
    for block in blocks:
        if not noted:
            yield block


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Each with its length before it, the last of length 0."""
    while size := stream.read(1):
        yield size + stream.read(size[0])
        if size == b"\0":
            return
