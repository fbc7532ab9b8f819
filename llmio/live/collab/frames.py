r"""The frames of the hocuspocus protocol: a document's name, a type, and what belongs to it, as lib0 encodes them.

Source: MIT-licensed npm packages `@hocuspocus/common`, `@hocuspocus/provider`, `@hocuspocus/server` 3.4 and 4.8, `lib0` 0.2.
Version 4 may add a session to the name (`NAME\0SESSION`, the key): answers carry the key, the document goes by the name.
"""

from __future__ import annotations

from enum import IntEnum

LARGEST = 2**53 - 1
"""The largest whole number that JavaScript counts to."""
MOST_NAME = 1024
"""Bytes of a key."""


class FrameError(ValueError):
    """A frame that cannot be read, or says what it must not."""


class Kind(IntEnum):
    """What a frame is about."""

    SYNC = 0
    AWARENESS = 1
    AUTH = 2
    QUERY_AWARENESS = 3
    SYNC_REPLY = 4
    STATELESS = 5
    BROADCAST_STATELESS = 6
    CLOSE = 7
    SYNC_STATUS = 8


class Auth(IntEnum):
    """The steps of authentication."""

    TOKEN = 0
    DENIED = 1
    GRANTED = 2


class Sync(IntEnum):
    """The steps of synchronization."""

    STEP1 = 0
    STEP2 = 1
    UPDATE = 2


PING = b"\x09"
PONG = b"\x0a"
"""Version 4 alone: whole frames, without a name."""


class Reader:
    """Reads a frame from its beginning; raises FrameError where it ends too early or says nonsense."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        """An unsigned whole number of variable length."""
        found = shift = 0
        while True:
            if self._at >= len(self._data) or shift > 49:
                raise FrameError("a number without an end")
            byte = self._data[self._at]
            self._at += 1
            found |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        if found > LARGEST:
            raise FrameError("a number that is too large")
        return found

    def data(self) -> bytes:
        """Bytes after their length."""
        end = self.number() + self._at
        if end > len(self._data):
            raise FrameError("ends before its time")
        found = self._data[self._at : end]
        self._at = end
        return found

    def text(self) -> str:
        """Text after its length, in UTF-8."""
        try:
            return self.data().decode()
        except UnicodeDecodeError:
            raise FrameError("text that is not UTF-8") from None

    def key(self) -> str:
        """The document's name, perhaps with a session."""
        found = self.text()
        if not found or len(found.encode()) > MOST_NAME:
            raise FrameError("a name that is empty or too long")
        return found


def number(value: int) -> bytes:
    """A whole number (0 to 2^53-1) in seven bits a byte."""
    made = bytearray()
    while value > 0x7F:
        made.append(0x80 | value & 0x7F)
        value >>= 7
    made.append(value)
    return bytes(made)


def data(value: bytes) -> bytes:
    """Bytes after their length."""
    return number(len(value)) + value


def text(value: str) -> bytes:
    """Text after its length."""
    return data(value.encode())


def name_of(key: str) -> str:
    """The name of the document that a key stands for."""
    return key.partition("\0")[0]


def sync(key: str, step: Sync, payload: bytes) -> bytes:
    """A step of synchronization: a state vector (STEP1) or an update."""
    return text(key) + number(Kind.SYNC) + number(step) + data(payload)


def awareness(key: str, payload: bytes) -> bytes:
    """Who is there, and where their cursors are."""
    return text(key) + number(Kind.AWARENESS) + data(payload)


def granted(key: str) -> bytes:
    """Let in, to read and write."""
    return text(key) + number(Kind.AUTH) + number(Auth.GRANTED) + text("read-write")


def denied(key: str, reason: str) -> bytes:
    """Not let in."""
    return text(key) + number(Kind.AUTH) + number(Auth.DENIED) + text(reason)


def stateless(key: str, payload: str) -> bytes:
    """A message that is not kept."""
    return text(key) + number(Kind.STATELESS) + text(payload)


def close(key: str, reason: str) -> bytes:
    """The end of one document's part of a connection."""
    return text(key) + number(Kind.CLOSE) + text(reason)


def status(key: str, *, kept: bool) -> bytes:
    """Whether an update was kept."""
    return text(key) + number(Kind.SYNC_STATUS) + number(kept)
