"""Mail that is signed with its words inside the signature (S/MIME, `application/pkcs7-mime`): what was signed, taken out.

The signature itself is not looked at: `trust` says who is believed. The way to the words is always the same (RFC 5652, 5.1), so no more of
the format is read than leads there, each length checked against what is there.
"""

from __future__ import annotations

import io

from llmio.mail.incoming import mime

TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
LARGEST = 32 << 20
SEQUENCE, SET, INTEGER, NAME, OCTETS, OCTETS_IN_PIECES, WITHIN = 0x30, 0x31, 0x02, 0x06, 0x04, 0x24, 0xA0
SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
DATA = bytes.fromhex("2a864886f70d010701")
UNKNOWN = -1
"""A length that is not said: the end is marked."""


def is_signed(part: mime.Part) -> bool:
    """Whether a part may be a signature with the words inside; one that is encrypted says so."""
    return part.content_type in TYPES and part.size <= LARGEST


def taken_out(part: mime.Part) -> mime.Taken | None:
    """What was signed, as a mail of its own; None where this is something else."""
    found = content(part.text(LARGEST))
    return mime.take_apart(io.BytesIO(found)) if found else None


def content(raw: bytes) -> bytes:
    """The bytes that were signed; empty where there are none, or this is no such thing."""
    reader = _Reader(raw)
    try:
        reader.enter(SEQUENCE)
        reader.named(SIGNED_DATA)
        reader.enter(WITHIN)
        reader.enter(SEQUENCE)
        reader.skip(INTEGER)
        reader.skip(SET)
        reader.enter(SEQUENCE)
        reader.named(DATA)
        reader.enter(WITHIN)
        return reader.octets()
    except (IndexError, ValueError):
        return b""


class _Reader:
    """Goes through values in their order; raises ValueError or IndexError where another one stands than is wanted."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def _head(self) -> tuple[int, int]:
        tag, length = self._raw[self._at], self._raw[self._at + 1]
        self._at += 2
        if length == 0x80:
            return tag, UNKNOWN
        if length > 0x80:
            count = length & 0x7F
            length = int.from_bytes(self._raw[self._at : self._at + count])
            self._at += count
        if self._at + length > len(self._raw):
            raise ValueError("longer than the whole")
        return tag, length

    def enter(self, wanted: int) -> int:
        """Into a value of others; its length."""
        tag, length = self._head()
        if tag != wanted:
            raise ValueError("another value")
        return length

    def skip(self, wanted: int) -> bytes:
        """Past a value; what it holds."""
        length = self.enter(wanted)
        if length == UNKNOWN:
            raise ValueError("no end")
        self._at += length
        return self._raw[self._at - length : self._at]

    def named(self, wanted: bytes) -> None:
        """Past the name of what follows."""
        if self.skip(NAME) != wanted:
            raise ValueError("something else")

    def octets(self) -> bytes:
        """A string of bytes, in one piece or in many."""
        if self._raw[self._at] == OCTETS:
            return self.skip(OCTETS)
        length = self.enter(OCTETS_IN_PIECES)
        end = len(self._raw) if length == UNKNOWN else self._at + length
        pieces = []
        while self._at < end and self._raw[self._at] == OCTETS:
            pieces.append(self.skip(OCTETS))
        return b"".join(pieces)
