"""AVIF and HEIC. Sources: ISO/IEC 14496-12 (boxes, items), https://aomediacodec.github.io/av1-avif/."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from llmio.files.stripping.reading import Patch, patched

LARGEST = 4 << 20
"""Bytes of the box that describes the items; of pictures it has some hundred."""
EMPTY = bytes(4) + b"II*\0" + struct.pack("<IHI", 8, 0, 0)
"""Exif that says nothing: readers refuse a picture whose Exif is none."""
NOTES = (b"Exif", b"mime", b"uri ")
"""Types of items that are no pictures. How the picture is turned stands in a property, not in Exif."""


def strip(stream: IO[bytes]) -> Iterator[bytes]:
    """Everything keeps its place; where notes were are zeros, or what says nothing."""
    try:
        found = list(_notes(stream))
    except (struct.error, IndexError):  # not built as it should be
        found = []
    return patched(stream, found)


def _notes(stream: IO[bytes]) -> Iterator[Patch]:
    end = stream.seek(0, 2)
    place = 0
    while place + 8 <= end:
        stream.seek(place)
        head = stream.read(16)
        size, kind = struct.unpack_from(">I4s", head)
        start = 8
        if size == 1:
            (size,), start = struct.unpack_from(">Q", head, 8), 16
        size = size or end - place
        if size < start:
            return
        if kind == b"meta" and size <= LARGEST:
            stream.seek(place + start)
            meta = _Meta(stream.read(size - start), place + start)
            yield from meta.notes()
        place += size


@dataclass
class _Meta:
    """The content of a box `meta`, and where in the file it begins."""

    data: bytes
    place: int

    def notes(self) -> Iterator[Patch]:
        """What goes in the place of the items that are notes."""
        boxes = dict(self._boxes(4, len(self.data)))
        if b"iinf" not in boxes or b"iloc" not in boxes:
            return
        unwanted = dict(self._unwanted(*boxes[b"iinf"]))
        inner = self.place + boxes[b"idat"][0] if b"idat" in boxes else 0
        for item, method, at, length in self._extents(boxes[b"iloc"][0]):
            if item in unwanted and method in (0, 1):
                begin = inner + at if method else at
                yield begin, length
                if unwanted[item] == b"Exif":
                    yield begin, EMPTY[:length]
                    unwanted[item] = b""  # its other parts hold no beginning

    def _boxes(self, place: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
        """Kind → (beginning of the content, end)."""
        while place + 8 <= end:
            size, kind = struct.unpack_from(">I4s", self.data, place)
            if size < 8:
                return
            yield kind, (place + 8, place + size)
            place += size

    def _unwanted(self, place: int, end: int) -> Iterator[tuple[int, bytes]]:
        place += 4 + (2 if self.data[place] == 0 else 4)
        for kind, (at, _end) in self._boxes(place, end):
            version = self.data[at]
            if kind == b"infe" and version >= 2:
                form = ">HH4s" if version == 2 else ">IH4s"
                item, _protection, what = struct.unpack_from(form, self.data, at + 4)
                if what in NOTES:
                    yield item, what

    def _extents(self, place: int) -> Iterator[tuple[int, int, int, int]]:
        """(item, construction method, place, length) of each part of each item."""
        version = self.data[place]
        sizes = struct.unpack_from(">H", self.data, place + 4)[0]
        offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
        reader = _Numbers(self.data, place + 6)
        for _item in range(reader.take(4 if version == 2 else 2)):
            item = reader.take(4 if version == 2 else 2)
            method = reader.take(2) & 15 if version else 0
            reader.take(2)
            begin = reader.take(base)
            for _extent in range(reader.take(2)):
                reader.take(index if version else 0)
                at = begin + reader.take(offset)
                yield item, method, at, reader.take(length)


@dataclass
class _Numbers:
    """Whole numbers of so many bytes, one after the other."""

    data: bytes
    place: int

    def take(self, size: int) -> int:
        """The next one; IndexError behind the end."""
        if self.place + size > len(self.data):
            raise IndexError
        found = int.from_bytes(self.data[self.place : self.place + size])
        self.place += size
        return found
