"""TIFF. Source: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf; tags of Exif: CIPA DC-008."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

from llmio.files.stripping.reading import Patch, patched, pieces

POINTERS = frozenset((34665, 34853, 40965))
"""Exif, place, interoperability: tags that lead to a directory of their own."""
NOTES = POINTERS | {269, 270, 271, 272, 285, 305, 306, 315, 316, 700, 33432, 33723, 34377, 37500, 42033, 42036, 50708}
"""Document, description, maker, model, program, time, artist, computer, XMP, copyright, IPTC, Photoshop, serial numbers, …"""
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
DEPTH, DIRECTORIES, ENTRIES = 3, 64, 500


def strip(stream: IO[bytes]) -> Iterator[bytes]:
    """The notes are taken out of the directory, and where they lay are zeros."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(stream.read(4))
    if order is None:
        stream.seek(0)
        return pieces(stream)
    return patched(stream, list(_Tiff(stream, order).patches()))


class _Tiff:
    def __init__(self, stream: IO[bytes], order: str) -> None:
        self.stream, self.order, self.seen = stream, order, set[int]()

    def _read(self, form: str, place: int) -> tuple[int, ...]:
        self.stream.seek(place)
        data = self.stream.read(struct.calcsize(self.order + form))
        return struct.unpack(self.order + form, data)

    def patches(self) -> Iterator[Patch]:
        try:
            (place,) = self._read("I", 4)
            while place and place not in self.seen and len(self.seen) < DIRECTORIES:
                count, entries = self._entries(place)
                for one in entries:
                    if one[1] in NOTES:
                        yield from self._gone(one, DEPTH)
                kept = [self.raw(one[0]) for one in entries if one[1] not in NOTES]
                after = place + 2 + 12 * count
                (following,) = self._read("I", after)
                table = (
                    struct.pack(f"{self.order}H", len(kept)) + b"".join(kept) + struct.pack(f"{self.order}I", following)
                )
                yield place, table + bytes(after + 4 - place - len(table))
                place = following
        except struct.error:  # it ends in the midst of a directory
            return

    def raw(self, place: int) -> bytes:
        """An entry as it stands there."""
        self.stream.seek(place)
        return self.stream.read(12)

    def _entries(self, place: int) -> tuple[int, list[tuple[int, ...]]]:
        """How many, and (place, tag, type, count, value) of each."""
        self.seen.add(place)
        (count,) = self._read("H", place)
        if count > ENTRIES:
            raise struct.error("more entries than any picture has")
        return count, [(at, *self._read("HHII", at)) for at in range(place + 2, place + 2 + 12 * count, 12)]

    def _gone(self, entry: tuple[int, ...], depth: int) -> Iterator[Patch]:
        """Zeros in the place of a value, and of the directory that it leads to."""
        _at, tag, kind, count, value = entry
        if tag in POINTERS and depth and value not in self.seen:
            number, entries = self._entries(value)
            for one in entries:
                yield from self._gone(one, depth - 1)
            yield value, 2 + 12 * number + 4
        elif (size := SIZES.get(kind, 1) * count) > 4:
            yield value, size
