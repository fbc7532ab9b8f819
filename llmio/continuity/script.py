r"""A dump as a stream of tables: custom, tar, plain, each also gzipped. Nothing of it is executed, its rows alone are read.

`pg_restore` turns the other formats into the plain one, which is then read piece by piece: `COPY table (columns) FROM stdin;`,
rows, `\.`. Format: https://www.postgresql.org/docs/17/sql-copy.html
"""

from __future__ import annotations

import gzip
import os
import re
import tarfile
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from llmio.continuity import programs
from llmio.core.errors import Invalid, Unavailable
from llmio.core.i18n import _

CUSTOM, GZIP = b"PGDMP", b"\x1f\x8b"
TAR_MAGIC, TAR_AT = b"ustar", 257
PLAIN = b"PostgreSQL database"  # dump, or cluster dump
HEAD = 512
PIECE = 4 << 20
"""Bytes of rows that are handled at a time."""
BEGINNING = 1 << 16
THROUGH_TERMINAL = re.compile(rb"(?<!\r)\n")
"""A line's end as it was written: where there are lines and none of these, something turned all of them into those of a terminal."""
END_OF_ROWS = b"\\.\n"
END_OF_DUMP = b"-- PostgreSQL database dump complete"
COPY = re.compile(rb"COPY (?:(\w+|\"[^\"]+\")\.)?(\w+|\"[^\"]+\") \((.*)\) FROM stdin;\n")
SETVAL = re.compile(rb"SELECT (?:pg_catalog\.)?setval\('(?:public\.)?\"?(\w+)\"?', (\d+), (true|false)\);")
ENCODING = re.compile(rb"SET client_encoding = '(\w+)';")
ENCODINGS = frozenset((b"UTF8", b"SQL_ASCII"))
INSERT = re.compile(rb"INSERT INTO (?:public\.)?\"?\w+\"? (?:\(|VALUES)")


@dataclass
class Table:
    """The rows of a table; `pieces` (lists of lines in COPY's text format) must be read before the next table is asked for."""

    schema: str
    name: str
    columns: tuple[str, ...]
    pieces: Iterator[list[bytes]] = field(repr=False)


@dataclass
class Script:
    """A dump as it is read: `sequences` and `inserts` are whole once all tables have been read."""

    path: Path
    plain: bool
    stream: IO[bytes] = field(repr=False)
    sequences: dict[str, int] = field(default_factory=dict)
    inserts: bool = False
    ended: bool = False

    def tables(self) -> Iterator[Table]:
        """Each table with rows. Raises Invalid where the dump ends in the middle."""
        lines = _Lines(self.stream)
        for line in lines:
            if line.startswith(b"COPY ") and (found := COPY.fullmatch(line)):
                schema, name, columns = (part.decode() if part else "public" for part in found.groups())
                table = Table(
                    _bare(schema), _bare(name), tuple(_bare(one) for one in columns.split(", ")), lines.rows()
                )
                yield table
                for _piece in table.pieces:  # what nobody wanted to read
                    pass
            elif found := SETVAL.match(line):
                self.sequences[found[1].decode()] = int(found[2])
            elif line.startswith(b"INSERT INTO"):
                self.inserts = self.inserts or INSERT.match(line) is not None
            elif (found := ENCODING.match(line)) and found[1] not in ENCODINGS:
                message = _("{file} is in {encoding}: make one with pg_dump --encoding=UTF8.",
                            file=self.path.name, encoding=found[1].decode())  # fmt: skip
                raise Invalid(message)
            elif line.startswith(END_OF_DUMP):
                self.ended = True
        if self.plain and not self.ended and not self.inserts:
            raise truncated(self.path)


def truncated(path: Path) -> Invalid:
    """The complaint about a dump that ends in the middle."""
    return Invalid(
        _("{file} ends in the middle: copy it again, or make a new dump. Nothing was changed.", file=path.name)
    )


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


class _Lines:
    """Lines of a stream, single ones or many at a time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.kept: list[bytes] = []
        self.at = 0

    def _more(self) -> bool:
        self.kept, self.at = self.stream.readlines(PIECE), 0
        return bool(self.kept)

    def __iter__(self) -> Iterator[bytes]:
        while self.at < len(self.kept) or self._more():
            line = self.kept[self.at]
            self.at += 1
            yield line

    def rows(self) -> Iterator[list[bytes]]:
        """Rows up to the end of a table."""
        while self.at < len(self.kept) or self._more():
            lines = self.kept[self.at :] if self.at else self.kept
            if END_OF_ROWS in lines:
                end = lines.index(END_OF_ROWS)
                self.at += end + 1
                if end:
                    yield lines[:end]
                return
            self.at = len(self.kept)
            if not lines[-1].endswith(b"\n"):
                break
            yield lines
        raise EOFError


@contextmanager
def opened(path: Path, *, whole: bool = False) -> Iterator[Script]:
    """A dump, whatever its format; its rows alone, or with `whole` all of it (of plain ones always all).

    Raises Invalid where the file is no dump, or is cut off.
    """
    options = ("--no-owner", "--no-privileges", *(() if whole else ("--data-only",)))
    try:
        with path.open("rb") as file:
            beginning = file.read(BEGINNING)
            file.seek(0)
            head = beginning[:HEAD]
            if head.startswith(CUSTOM) or PLAIN in head:
                _see_unchanged(path, beginning)
            if head.startswith(GZIP):
                with gzip.open(file) as unpacked:
                    inner = unpacked.peek(HEAD)[:HEAD]
                    with _read(path, inner, cast("IO[bytes]", unpacked), options, seekable=False) as script:
                        yield script
            else:
                with _read(path, head, file, options, seekable=True) as script:
                    yield script
    except (EOFError, zlib.error) as error:
        raise truncated(path) from error
    except gzip.BadGzipFile as error:
        raise Invalid(_("{file} is damaged: {why}", file=path.name, why=str(error))) from error


@contextmanager
def _read(path: Path, head: bytes, stream: IO[bytes], options: tuple[str, ...], *, seekable: bool) -> Iterator[Script]:
    tar = head[TAR_AT : TAR_AT + len(TAR_MAGIC)] == TAR_MAGIC
    if tar:
        _see_whole(path, stream)
    if tar or head.startswith(CUSTOM):
        with _converted(path, stream, options, seekable=seekable) as plain:
            yield Script(path, plain=False, stream=plain)
    elif PLAIN not in head:
        raise Invalid(
            _("{file} is no dump of PostgreSQL. Make one with: pg_dump -Fc --file=FILE DATABASE", file=path.name)
        )
    else:
        yield Script(path, plain=True, stream=stream)


def _see_unchanged(path: Path, beginning: bytes) -> None:
    """Refuse a dump that went through a terminal, which writes other ends of lines (and so breaks what is binary)."""
    if b"\n" in beginning and not THROUGH_TERMINAL.search(beginning):
        raise Invalid(
            _("{file} was changed on the way (ends of lines): a terminal does that. Make it anew with `docker compose exec -T …`, "
              "or with pg_dump --file=FILE, and copy it as binary.", file=path.name)
        )  # fmt: skip


def _see_whole(path: Path, stream: IO[bytes]) -> None:
    """Refuse a tar that is cut off: `pg_restore` would look for its end for ever."""
    try:
        with tarfile.open(fileobj=stream, mode="r:") as packed:
            packed.getmembers()
    except tarfile.TarError as error:
        raise truncated(path) from error
    stream.seek(0)


@contextmanager
def _converted(path: Path, stream: IO[bytes], options: tuple[str, ...], *, seekable: bool) -> Iterator[IO[bytes]]:
    """The plain form; what `pg_restore` cannot seek in is fed to it."""
    command = [programs.program("pg_restore"), "--file=-", *options]
    environment = programs.address("postgresql://")[1]
    try:
        if seekable:
            with programs.output([*command, str(path)], environment) as plain:
                yield plain
        else:
            with fed(command, environment, stream) as plain:
                yield plain
    except Unavailable as error:
        said = str(error)
        if "unsupported version" in said:
            raise Unavailable(
                _("{file} was made by a newer PostgreSQL than the pg_restore here: install its client programs ({why}).",
                  file=path.name, why=said)
            ) from error  # fmt: skip
        if re.search(r"end of file|could not (read|find)|did not find magic|too short|corrupt|unexpected", said):
            raise truncated(path) from error
        raise


@contextmanager
def fed(command: list[str], environment: dict[str, str], stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """A program that reads what we unpack; raises EOFError where there is less than there should be."""
    faults: list[BaseException] = []
    source, target = os.pipe()

    def feed() -> None:
        try:
            with open(target, "wb") as writer:  # noqa: PTH123  # a pipe, not a path
                while piece := stream.read(1 << 20):
                    writer.write(piece)
        except (EOFError, OSError, zlib.error) as error:
            faults.append(error)

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    try:
        with open(source, "rb") as reader, programs.output(command, environment, reader) as plain:  # noqa: PTH123  # likewise
            reader.close()
            yield plain
    except Unavailable:
        thread.join(timeout=5)
        if any(not isinstance(one, OSError) for one in faults):
            raise EOFError from faults[0]
        raise
    finally:
        thread.join(timeout=5)
