"""Lines of an export, one by one: what can be read, and what is wrong with the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from llmio.core.i18n import _
from llmio.upkeep.importing.facts import ALIASES, ATTACHMENTS, TABLES

LONGEST = 20_000_000
"""Bytes of a line; a text has 100,000 characters at most."""


@dataclass(frozen=True)
class Line:
    """One row of the file."""

    number: int
    table: str
    id: int
    record: dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """A line that was not taken, and why."""

    line: int
    words: object
    """In the language of whoever reads it."""


def lines(file: IO[bytes]) -> Iterator[Line | Fault]:
    """All lines, from the beginning; empty ones are passed over."""
    file.seek(0)
    number = 0
    while text := file.readline(LONGEST):
        number += 1
        if len(text) == LONGEST and not text.endswith(b"\n"):
            while (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
                pass
            yield Fault(number, _("This line is too long."))
        elif text.strip():
            yield _read(number, text)


def _read(number: int, text: bytes) -> Line | Fault:
    try:
        found = json.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        return Fault(number, _("This is no JSON: {why}.", why=str(error).split(": line")[0]))
    table, record = (found.get("table"), found.get("record")) if isinstance(found, dict) else (None, None)
    if not isinstance(table, str) or not isinstance(record, dict):
        return Fault(number, _("A line needs a `table` and a `record`."))
    table = ALIASES.get(table, table)
    if table not in TABLES:
        return Fault(number, _("Rows of table {name} are not imported.", name=table[:80]))
    ident = record.get("id")
    if isinstance(ident, bool) or not isinstance(ident, int) or not 0 < ident < 2**63:
        if table == ATTACHMENTS and ident is None:
            ident = 0
        else:
            return Fault(number, _("The record has no `id`."))
    return Line(number, table, ident, record)
