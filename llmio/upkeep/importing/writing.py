"""Rows written into the database, many at a time; of a bunch with a bad one among them, all the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError, StatementError

from llmio.core.i18n import _
from llmio.upkeep.importing.facts import ATTACHMENTS, FIRST, LATER
from llmio.upkeep.importing.reading import Fault, Line, lines
from llmio.upkeep.importing.rewriting import Refused, Rewriter
from llmio.upkeep.service.records import table

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.work import Report
    from llmio.upkeep.importing.numbers import Numbers
    from llmio.upkeep.importing.report import Found

BATCH = 500
Row = tuple[Line, dict[str, Any]]


class Writer:
    """Writes one file."""

    def __init__(self, ctx: Context, numbers: Numbers, found: Found, report: Report) -> None:
        self.ctx, self.numbers, self.found, self.report = ctx, numbers, found, report
        self._rewriter = Rewriter(ctx, numbers, found)
        self._done = 0

    def write(self, file: IO[bytes]) -> Iterator[Line]:
        """Write all rows; yields the lines of attachments, with `record_id` as it is here."""
        for wanted in (frozenset(FIRST), frozenset(LATER)):
            waiting: list[Row] = []
            for line in lines(file):
                if isinstance(line, Fault) or line.table not in wanted or line.number in self.numbers.twice:
                    continue
                self._done += 1
                self.report.reach(self._done, self.numbers.total, line.table)
                if line.table == ATTACHMENTS:
                    yield from self._attachment(line)
                    continue
                if waiting and (waiting[-1][0].table != line.table or len(waiting) >= BATCH):
                    self._flush(waiting)
                    waiting = []
                waiting += self._rewritten(line)
            self._flush(waiting)

    def _rewritten(self, line: Line) -> list[Row]:
        if line.table == "users" and line.id in self.numbers.people_here:
            self.found.people_found += 1
            return []
        try:
            return [(line, self._rewriter.row(line))]
        except Refused as why:
            self._refuse(line, str(why))
            return []

    def _attachment(self, line: Line) -> Iterator[Line]:
        new = self.numbers.of_type(line.record.get("record_type"), line.record.get("record_id"))
        if new is None:
            self.found.fault(line.number, _("The record that this file belongs to did not come along."))
        else:
            self.found.files += 1
            yield Line(line.number, line.table, line.id, {**line.record, "record_id": new})

    def _refuse(self, line: Line, words: object) -> None:
        self.found.fault(line.number, words)
        self.numbers.drop(line.table, line.id)

    def _flush(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        name = rows[0][0].table
        try:
            with self.ctx.db.begin_nested():
                for some in _alike(rows):
                    self.ctx.db.connection().execute(insert(table(name)), some)
        except (DBAPIError, StatementError, TypeError, ValueError) as error:
            if len(rows) > 1:
                middle = len(rows) // 2
                self._flush(rows[:middle])
                self._flush(rows[middle:])
                return
            self._refuse(rows[0][0], _("The database refuses it: {why}", why=_said(error)))
            return
        self.found.came[name] += len(rows)
        if name == "users":
            self.found.people_made += len(rows)


def _alike(rows: Sequence[Row]) -> Iterator[list[dict[str, Any]]]:
    """Rows with the same columns, together: one statement for each kind."""
    kinds: dict[frozenset[str], list[dict[str, Any]]] = {}
    for _line, row in rows:
        kinds.setdefault(frozenset(row), []).append(row)
    yield from kinds.values()


def _said(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().split("\n")[0][:300]
