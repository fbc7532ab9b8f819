"""A raw mail taken apart while it is read: constant memory, whatever its size, and no bytes that make it raise.

The standard library's parser holds a mail several times over. This one keeps the headers of the part at hand and one
line; what parts contain is decoded on the way into one temporary file, of which each part is a stretch.
"""

from __future__ import annotations

import binascii
import io
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import Message
from typing import IO, Any

from llmio.mail.incoming.unreadable import UNREADABLE

LINE = 64 * 1024
HEADERS = 256 * 1024
DEEPEST = 100
MOST_PARTS = 500
IN_MEMORY = 1 << 20
PREAMBLE = 512 * 1024
NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:|From |>From ")


class Stretch(io.RawIOBase):
    """A part of a file, as a file of its own."""

    def __init__(self, whole: IO[bytes], start: int, size: int) -> None:
        super().__init__()
        self._whole, self._start, self._size, self._at = whole, start, size, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go on from another place."""
        self._at = min(max(0, offset + {io.SEEK_CUR: self._at, io.SEEK_END: self._size}.get(whence, 0)), self._size)
        return self._at

    def tell(self) -> int:
        """Where it is."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with the next bytes."""
        self._whole.seek(self._start + self._at)
        piece = self._whole.read(min(len(buffer), self._size - self._at))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


@dataclass(frozen=True)
class Part:
    """One part that holds something: its headers, and where its decoded content is."""

    headers: Message
    within: tuple[str, ...]
    """Types of the multiparts around it, the outermost first."""
    kept: IO[bytes]
    start: int
    size: int

    @property
    def content_type(self) -> str:
        """Its type, in lower case."""
        return type_of(self.headers)

    def open(self) -> IO[bytes]:
        """Its content from the beginning."""
        return io.BufferedReader(Stretch(self.kept, self.start, self.size))

    def text(self, limit: int) -> bytes:
        """The beginning of its content."""
        return self.open().read(limit)


def _spooled() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # closed by `Taken.close`


@dataclass
class Taken:
    """A mail in parts. `close` removes the temporary file."""

    headers: Message
    parts: list[Part] = field(default_factory=list)
    kept: IO[bytes] = field(default_factory=_spooled)
    inside: list[Taken] = field(default_factory=list)
    """Mails that were taken out of parts of this one."""
    cut: bool = False
    """Whether there were more parts than are kept."""

    def close(self) -> None:
        """Remove what was kept."""
        self.kept.close()
        for one in self.inside:
            one.close()


@dataclass(frozen=True)
class _Stop:
    """Where reading a part ended: at a line that divides the multipart of this level, or (-1) at the end of all."""

    level: int = -1
    last: bool = False


def type_of(headers: Message) -> str:
    """The content type of a part; text/plain where it says nothing that can be read."""
    try:
        return headers.get_content_type().lower()
    except UNREADABLE:
        return "text/plain"


def parameter(headers: Message, name: str, header: str = "content-type") -> str:
    """A parameter of a header as text, as the library reads it; empty where there is none or it cannot be read."""
    try:
        value = _read_on(headers, header).get_param(name, "", header)
    except UNREADABLE:
        return ""
    if isinstance(value, tuple):
        encoding, _language, text = value
        try:
            return text.encode("latin-1", "replace").decode(encoding or "ascii", "replace")
        except LookupError:
            return str(text)
    return str(value or "")


def _read_on(headers: Message, name: str) -> Message:
    """The headers, or the one of this name with what is not ASCII in it as UTF-8, which programs send as it is."""
    raw = next((str(value) for key, value in headers.raw_items() if key.lower() == name), "")
    if raw.isascii():
        return headers
    made = Message()
    made[name] = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return made


def take_apart(stream: IO[bytes]) -> Taken:
    """Read a mail to its end."""
    return _Reader(stream).mail()


def read_headers(stream: IO[bytes]) -> Message:
    """The headers alone; reads no further than they go."""
    return _Reader(stream).headers(())


class _Reader:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._back: list[bytes] = []
        self._fresh = True
        self._taken: Taken | None = None

    def mail(self) -> Taken:
        self._taken = taken = Taken(Message())
        self._part((), (), top=True)
        return taken

    # -- lines ---------------------------------------------------------------------------------------------------

    def _line(self) -> bytes:
        """The next line or, of an endless one, its next piece; empty at the end."""
        return self._back.pop() if self._back else self._stream.readline(LINE)

    def _stop_at(self, line: bytes, ends: tuple[bytes, ...]) -> _Stop | None:
        if not line.startswith(b"--") or not ends:
            return None
        bare = line.rstrip()
        for level in range(len(ends) - 1, -1, -1):
            if bare == b"--" + ends[level]:
                return _Stop(level)
            if bare == b"--" + ends[level] + b"--":
                return _Stop(level, last=True)
        return None

    def _lines(self, ends: tuple[bytes, ...]) -> Iterator[bytes | _Stop]:
        """Lines up to the one that ends this part, then how it ended."""
        fresh = True
        while line := self._line():
            stop = self._stop_at(line, ends) if fresh else None
            if stop is not None:
                yield stop
                return
            fresh = line.endswith(b"\n")
            yield line
        yield _Stop()

    # -- headers -------------------------------------------------------------------------------------------------

    def headers(self, ends: tuple[bytes, ...]) -> Message:
        """Header lines up to the blank one; what is no header begins the body."""
        found: list[bytes] = []
        size = 0
        fresh = True
        while line := self._line():
            if fresh and not line.strip(b"\r\n"):
                break
            folded = found and (not fresh or line[:1] in (b" ", b"\t"))
            if (fresh and self._stop_at(line, ends)) or not (folded or HEADER_LINE.match(line)):
                self._back.append(line)
                break
            size += len(line)
            fresh = line.endswith(b"\n")
            if size <= HEADERS:
                found.append(line)
        try:
            return message_from_bytes(b"".join(found), policy=policy.compat32)
        except UNREADABLE:
            return Message()

    # -- parts ---------------------------------------------------------------------------------------------------

    def _part(self, within: tuple[str, ...], ends: tuple[bytes, ...], *, top: bool = False) -> _Stop:
        headers = self.headers(ends)
        if top and self._taken is not None:
            self._taken.headers = headers
        if within and within[-1] == "multipart/digest" and "content-type" not in headers:
            headers["Content-Type"] = "message/rfc822"  # RFC 2046, 5.1.5
        kind = type_of(headers)
        boundary = parameter(headers, "boundary").encode("utf-8", "replace").rstrip()
        if kind.startswith("multipart/") and boundary and len(within) < DEEPEST:
            return self._multipart(headers, (*within, kind), ends, boundary)
        if kind.startswith("multipart/"):
            headers = Message()  # it names nothing that divides it: what is there is text
            if boundary:
                headers["Content-Type"] = "application/octet-stream"  # deeper than anybody means it: a file
        return self._leaf(headers, within, self._lines(ends), encoding_of(headers))

    def _multipart(self, headers: Message, within: tuple[str, ...], ends: tuple[bytes, ...], mine: bytes) -> _Stop:
        inner = (*ends, mine)
        level = len(ends)
        preamble, stop = self._skip(inner)
        if stop.level != level:
            # It never was divided: its text is what stands where parts should be.
            self._leaf(Message(), within, iter([*preamble, stop]), "7bit")
            return stop
        while stop.level == level and not stop.last:
            stop = self._part(within, inner)
        if stop.level == level:
            _epilogue, stop = self._skip(ends)
        return stop

    def _skip(self, ends: tuple[bytes, ...]) -> tuple[list[bytes], _Stop]:
        kept: list[bytes] = []
        size = 0
        for line in self._lines(ends):
            if isinstance(line, _Stop):
                return kept, line
            size += len(line)
            if size <= PREAMBLE:
                kept.append(line)
        return kept, _Stop()

    def _leaf(self, headers: Message, within: tuple[str, ...], lines: Iterator[bytes | _Stop], encoding: str) -> _Stop:
        taken = self._taken
        assert taken is not None  # noqa: S101  # only `mail` reads parts
        kept = taken.kept
        start = kept.seek(0, io.SEEK_END)
        decoder = DECODERS.get(encoding, Plain)()
        many = len(taken.parts) >= MOST_PARTS
        taken.cut = taken.cut or many
        stop = _Stop()
        for line in lines:
            if isinstance(line, _Stop):
                stop = line
                break
            if not many:
                kept.write(decoder.feed(line))
        if not many:
            kept.write(decoder.end())
            taken.parts.append(Part(headers, within, kept, start, kept.tell() - start))
        return stop


def encoding_of(headers: Message) -> str:
    """The transfer encoding of a part."""
    return str(headers.get("content-transfer-encoding") or "").split(";")[0].strip().strip('"').lower()


class Plain:
    """As it is, without the line break that belongs to the dividing line."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, line: bytes) -> bytes:
        """The bytes to write."""
        bare = line.rstrip(b"\r\n")
        written, self._held = self._held + bare, line[len(bare) :]
        return written

    def end(self) -> bytes:
        """What is left."""
        return b""


class Base64:
    """Base64, with whatever is not of its letters left out."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, line: bytes) -> bytes:
        """The bytes to write."""
        letters = self._held + NOT_BASE64.sub(b"", line)
        whole = len(letters) // 4 * 4
        self._held = letters[whole:]
        return _unbase64(letters[:whole])

    def end(self) -> bytes:
        """What is left, as if it had been padded."""
        rest = self._held.rstrip(b"=")
        return _unbase64(rest + b"=" * (-len(rest) % 4)) if len(rest) > 1 else b""


def _unbase64(letters: bytes) -> bytes:
    try:
        return binascii.a2b_base64(letters)
    except binascii.Error:
        return b""


class Quoted:
    """Quoted-printable."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, line: bytes) -> bytes:
        """The bytes to write."""
        line = self._held + line
        self._held = b""
        if not line.endswith(b"\n"):
            # A piece of an endless line: an escape may go on in the next one.
            at = line.rfind(b"=", max(0, len(line) - 2))
            if at >= 0:
                line, self._held = line[:at], line[at:]
        return binascii.a2b_qp(line)

    def end(self) -> bytes:
        """What is left."""
        return binascii.a2b_qp(self._held)


class Uuencoded:
    """The encoding of Unix from before."""

    def feed(self, line: bytes) -> bytes:
        """The bytes to write."""
        if line.startswith((b"begin ", b"end")) or not line.strip():
            return b""
        try:
            return binascii.a2b_uu(line)
        except binascii.Error:
            return b""

    def end(self) -> bytes:
        """Nothing."""
        return b""


DECODERS: dict[str, type[Plain | Base64 | Quoted | Uuencoded]] = {
    "base64": Base64,
    "quoted-printable": Quoted,
    "x-uuencode": Uuencoded,
    "uuencode": Uuencoded,
    "x-uue": Uuencoded,
}
