"""The archive of a backup: one tar file, written and read as a stream, with a manifest first and checksums last.

manifest.json            what it is of, when it was made, rows by table, digest of the results of closed polls
database.dump.00000 …    pg_dump's custom format in pieces (`cat database.dump.* | pg_restore …` needs nothing of ours)
files/STORAGE/KEY        the files
SHA256SUMS               for `sha256sum --check`; its presence says that the archive is whole
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from llmio.continuity import script
from llmio.core.errors import Invalid, Unavailable
from llmio.core.i18n import _

FORMAT = 1
MANIFEST, SUMS, DATABASE, FILES = "manifest.json", "SHA256SUMS", "database.dump.", "files/"
PIECE = 32 << 20
"""Bytes of the dump in one member: a tar needs the size before the bytes, and this much is held in memory."""
STEP = 1 << 20


@dataclass
class Manifest:
    """What an archive is of. `results` is the digest of `closed_polls` closed polls, `rows` counts those of every table."""

    made_at: str
    revision: str
    server: int
    rows: dict[str, int]
    closed_polls: int
    results: str
    files: bool = True
    format: int = FORMAT


@dataclass
class Writer:
    """Adds members; `sums` are of all of them so far."""

    tar: tarfile.TarFile
    sums: IO[bytes]
    count: int = 0

    def add(self, name: str, stream: IO[bytes], size: int) -> None:
        """A member of exactly so many bytes; raises OSError where the stream has fewer."""
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o600
        hashed = _Hashed(stream)
        self.tar.addfile(header, hashed)
        _forget(self.tar)
        self.sums.write(f"{hashed.digest.hexdigest()}  {name}\n".encode())
        self.count += 1

    def text(self, name: str, text: str) -> None:
        """A small member."""
        data = text.encode()
        self.add(name, io.BytesIO(data), len(data))

    def dump(self, stream: IO[bytes]) -> int:
        """The database, piece by piece; its size."""
        number = size = 0
        while piece := _full(stream, PIECE):
            self.add(f"{DATABASE}{number:05d}", io.BytesIO(piece), len(piece))
            number, size = number + 1, size + len(piece)
        return size


def _full(stream: IO[bytes], size: int) -> bytes:
    """So many bytes, or what is left: a pipe gives less at a time."""
    parts, left = [], size
    while left and (part := stream.read(min(left, STEP))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


class _Hashed:
    """A stream that keeps the checksum of what was read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.digest = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """As files do."""
        data = self.stream.read(size)
        self.digest.update(data)
        return data


@contextmanager
def writing(path: Path, manifest: Manifest) -> Iterator[Writer]:
    """Write an archive; it gets its name when it is whole and on the disk, so that half of one is never taken for one."""
    unfinished = path.with_name(f".{path.name}.partial")
    if path.parent.exists() and not path.parent.is_dir():
        raise Invalid(_("{folder} is a file; archives need a folder.", folder=str(path.parent)))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file, tempfile.TemporaryFile() as sums:
            with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT, bufsize=1 << 20) as tar:
                writer = Writer(tar, sums)
                writer.text(MANIFEST, json.dumps(asdict(manifest), indent=1))
                yield writer
                size = sums.tell()
                sums.seek(0)
                header = tarfile.TarInfo(SUMS)
                header.size, header.mode = size, 0o600
                tar.addfile(header, sums)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:  # of writing: what is read has a name
            raise Unavailable(
                _("{file} cannot be written: {reason}", file=str(path), reason=error.strerror or str(error))
            ) from error
        raise


@dataclass
class Reading:
    """An archive from its beginning to its end: `manifest` first, then the members in order."""

    path: Path
    manifest: Manifest
    digest: str
    members: Iterator[tuple[str, IO[bytes], int]] = field(repr=False)


@contextmanager
def reading(path: Path) -> Iterator[Reading]:
    """Read an archive; raises Invalid where it is none, or damaged."""
    try:
        with tarfile.open(path, mode="r|", bufsize=1 << 20) as tar:
            first = tar.next()
            if first is None or first.name != MANIFEST:
                raise _none(path)
            data = _opened(tar, first).read()
            told: dict[str, Any] = json.loads(data)
            if told.get("format") != FORMAT:
                raise Invalid(
                    _("{file} was made by a newer llmio (format {format}).", file=path.name, format=told.get("format"))
                )
            yield Reading(path, Manifest(**told), hashlib.sha256(data).hexdigest(), _members(tar))
    except tarfile.ReadError as error:
        raise (_cut(path) if "unexpected end" in str(error) else _none(path)) from error
    except (ValueError, TypeError, KeyError) as error:
        raise _none(path) from error


def is_one(path: Path) -> bool:
    """Whether a file begins as an archive does."""
    try:
        with tarfile.open(path, mode="r|") as tar:
            first = tar.next()
    except (tarfile.TarError, OSError):
        return False
    return first is not None and first.name == MANIFEST


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes], int]]:
    while (header := tar.next()) is not None:
        _forget(tar)
        yield header.name, _opened(tar, header), header.size


def _forget(tar: tarfile.TarFile) -> None:
    """A tar keeps one object for each file that it wrote or read, for looking up later: we never do."""
    tar.members.clear()  # type: ignore[attr-defined]  # documented as `getmembers`, which would read on


def _opened(tar: tarfile.TarFile, header: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(header)
    if stream is None:
        raise tarfile.ReadError("not a file")
    return stream


def _none(path: Path) -> Invalid:
    with suppress(OSError), path.open("rb") as file:
        if file.read(len(script.CUSTOM)) == script.CUSTOM:
            return Invalid(
                _("{file} is a dump, no archive of llmio backup: `pg_restore` restores one of llmio, `llmio adopt` takes one of Loomio.",
                  file=path.name)
            )  # fmt: skip
    return Invalid(_("{file} is no archive of llmio backup.", file=path.name))


def _cut(path: Path) -> Invalid:
    return Invalid(_("{file} ends in the middle: take another one, or copy it again.", file=path.name))


def verify(path: Path, say: Callable[[str, int, int], None]) -> Manifest:
    """Read all of it and hold each member against its checksum; raises Invalid naming what is damaged or lacking."""
    size, done = path.stat().st_size, 0
    with tempfile.TemporaryFile() as made, reading(path) as archive:
        made.write(f"{archive.digest}  {MANIFEST}\n".encode())
        held = None
        for name, stream, length in archive.members:
            if name == SUMS:
                held = stream.read()
                continue
            digest = hashlib.sha256()
            while piece := stream.read(STEP):
                digest.update(piece)
            made.write(f"{digest.hexdigest()}  {name}\n".encode())
            done += length
            say("checksums", done, size)
        if held is None:
            raise _cut(path)
        made.seek(0)
        found, expected = made.read().splitlines(), held.splitlines()
        if found != expected:
            damaged = next((line for line in expected if line not in set(found)), b"a file that is lacking")
            raise Invalid(
                _(
                    "{file} is damaged: {name} is not what was written.",
                    file=path.name,
                    name=damaged[66:].decode() or "it",
                )
            )
        return archive.manifest
