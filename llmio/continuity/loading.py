"""Rows of a dump into our tables, by COPY. A row that PostgreSQL refuses is mended or set aside, and noted; the rest goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import Connection, sql
from psycopg.errors import CharacterNotInRepertoire, NotNullViolation, UntranslatableCharacter

from llmio.continuity.script import Table
from llmio.migrations.facts import Catalogue, Column

RENAMED = {("polls", "threshold_pct"): "quorum_pct", ("poll_templates", "threshold_pct"): "quorum_pct"}
"""Columns that had another name in an earlier version."""
NULL = b"\\N"
WHERE = re.compile(r"COPY \S+, line (\d+)(?:, column (\S+?)(?::|$))?")
LIMIT = re.compile(r"\((\d+)\)$")
TRIES = 12
"""A row with more faults than this is set aside."""
EMPTY = {"jsonb": b"{}", "boolean": b"f", "integer": None, "bigint": None, "hstore": b"", "citext": b"", "text": b""}


@dataclass(frozen=True)
class Finding:
    """A malformed row: where, what is wrong with it, what was done, and how it came."""

    table: str
    row: str
    what: str
    done: str
    original: str


@dataclass
class Loaded:
    """What became of a table's rows."""

    read: int = 0
    written: int = 0
    unknown: list[str] = field(default_factory=list)


class Loader:
    """Writes tables of a dump within the connection's transaction; `findings` are to be taken out by the caller."""

    def __init__(self, connection: Connection[Any], expected: Catalogue) -> None:
        self.connection = connection
        self.expected = expected
        self.findings: list[Finding] = []

    def load(self, table: Table, loaded: Loaded) -> Iterable[int]:
        """Write the rows of a table; gives the number of rows of each piece, for progress."""
        names = [RENAMED.get((table.name, name), name) for name in table.columns]
        known = [number for number, name in enumerate(names) if (table.name, name) in self.expected.columns]
        loaded.unknown = [name for number, name in enumerate(names) if number not in known]
        target = _Target(self, table.name, [names[number] for number in known])
        for lines in table.pieces:
            loaded.read += len(lines)
            rows = lines if len(known) == len(names) else _chosen(lines, known, len(names))
            loaded.written += target.write(rows)
            yield len(lines)


def _chosen(lines: Sequence[bytes], known: Sequence[int], width: int) -> list[bytes]:
    """The lines without the columns that we do not know; a line of another width stays, to be found out."""
    split = [line[:-1].split(b"\t") for line in lines]
    return [
        b"\t".join([row[number] for number in known]) + b"\n" if len(row) == width else line
        for row, line in zip(split, lines, strict=True)
    ]


class _Target:
    """A table that is written to."""

    def __init__(self, loader: Loader, name: str, columns: list[str]) -> None:
        self.loader, self.name, self.columns = loader, name, columns
        self.connection = loader.connection
        self.copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier("public", name), sql.SQL(", ").join(map(sql.Identifier, columns))
        )

    def write(self, lines: list[bytes]) -> int:
        """Write the lines; the number of rows written."""
        written = 0
        while lines:
            fault = self._try(lines)
            if fault is None:
                return written + len(lines)
            line = self._line(fault)
            if line is None or not 1 <= line <= len(lines):
                raise fault
            written += self.write(
                lines[: line - 1]
            )  # they may have faults that are found later, such as an id given twice
            written += self._mend(lines[line - 1], fault)
            lines = lines[line:]
        return written

    def _try(self, lines: Sequence[bytes]) -> psycopg.Error | None:
        try:
            with self.connection.transaction(), self.connection.cursor() as cursor, cursor.copy(self.copy) as copy:
                copy.write(b"".join(lines))
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.OperationalError) as error:
            if self.connection.closed or not (error.sqlstate or "").startswith(("22", "23", "54")):
                raise
            return error
        return None

    @staticmethod
    def _line(fault: psycopg.Error) -> int | None:
        found = WHERE.search(fault.diag.context or "")
        return int(found[1]) if found else None

    def _mend(self, line: bytes, fault: psycopg.Error) -> int:
        """Mend a row until it can be written, or set it aside; 1 or 0 rows were written."""
        original, done = line, []
        for _try in range(TRIES):
            mended = self._once(line, fault)
            if mended is None:
                break
            line, how = mended
            done.append(how)
            again = self._try([line])
            if again is None:
                self._note(original, done)
                return 1
            fault = again
        self._note(original, [(_said(fault), "set aside")])
        return 0

    def _once(self, line: bytes, fault: psycopg.Error) -> tuple[bytes, tuple[str, str]] | None:
        """The line with one fault mended: (line, (what was wrong, what was done)); None where it cannot be."""
        if isinstance(fault, (CharacterNotInRepertoire, UntranslatableCharacter)):
            clean = line.decode("utf-8", errors="replace").replace("\x00", "").encode()
            return None if clean == line else (clean, (_said(fault), "broken characters replaced"))
        found = WHERE.search(fault.diag.context or "")
        name = fault.diag.column_name if isinstance(fault, NotNullViolation) else (found[2] if found else None)
        values = line.rstrip(b"\n").split(b"\t")
        name = (name or "").strip('"')
        if name not in self.columns or len(values) != len(self.columns) or name == "id":
            return None
        number = self.columns.index(name)
        column = self.loader.expected.columns[self.name, name]
        value = self._instead(name, column, values[number], values, fault)
        if value is None or value == values[number]:
            return None
        values[number] = value
        told = "NULL" if value == NULL else value.decode(errors="replace")[:60]
        return b"\t".join(values) + b"\n", (f"{name}: {_said(fault)}", f"{name} set to {told!r}")

    def _instead(
        self, name: str, column: Column, value: bytes, values: Sequence[bytes], fault: psycopg.Error
    ) -> bytes | None:
        limit = LIMIT.search(column.type)
        if limit and fault.sqlstate == "22001":
            return _field(_text(value)[: int(limit[1])])
        if column.nullable and value != NULL:
            return NULL
        if column.default and column.default != "nextval":
            return self._default(column)
        if column.type.startswith("timestamp"):
            others = (values[self.columns.index(one)] for one in ("updated_at", "created_at") if one in self.columns)
            return next((one for one in others if one not in (NULL, value)), b"1970-01-01 00:00:00")
        if column.type.startswith("character varying"):
            return b""
        return EMPTY.get(column.type)

    def _default(self, column: Column) -> bytes:
        """What the database would have put there."""
        row = self.connection.execute(f"SELECT ({column.default})::text".encode()).fetchone()
        found = str(row[0]) if row else ""
        return _field({"true": "t", "false": "f"}.get(found, found))

    def _note(self, line: bytes, done: Sequence[tuple[str, str]]) -> None:
        first = line.split(b"\t", 1)[0] if self.columns[0] == "id" else b""
        text = line.rstrip(b"\n").decode(errors="replace").replace("\x00", "")
        original = f"{', '.join(self.columns)}\n{text}"
        what, how = "; ".join(one[0] for one in done), "; ".join(one[1] for one in done)
        self.loader.findings.append(Finding(self.name, first.decode(errors="replace"), what, how, original))


def _said(fault: psycopg.Error) -> str:
    return (fault.diag.message_primary or str(fault)).replace("\n", " ")[:200]


ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}


def _field(text: str) -> bytes:
    """A value as COPY writes it."""
    return "".join(ESCAPES.get(char, char) for char in text).encode()


def _text(value: bytes) -> str:
    """A value that COPY wrote."""
    back = {written[1]: char for char, written in ESCAPES.items()}
    return re.sub(r"\\(.)", lambda found: back.get(found[1], found[1]), value.decode(errors="replace"), flags=re.DOTALL)
