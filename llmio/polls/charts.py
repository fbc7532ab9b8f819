"""Results put into words and lengths for the components that draw them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from llmio.core.i18n import _
from llmio.plugins.polls import OptionValue
from llmio.plugins.results import Result, Row

TONES = frozenset({"agree", "abstain", "disagree", "block", "consent", "objection"})
"""Signs that have a colour of their own in the style sheet."""
OF_VOTERS = frozenset({"votes", "voter_count", "voter_percent"})
"""Columns that also those have who chose no option."""
NAMED = 8
"""How many people a row shows."""


@dataclass(frozen=True)
class Drawn:
    """What a chart needs: `chart` (pie, bar, none), headings of the number columns, lines."""

    chart: str
    heads: Sequence[object]
    rows: Sequence[Mapping[str, Any]]
    total: int


def tone_of(icon: str, place: int) -> str:
    """The colour of an option by name, wherever it is shown: that of its sign, else that of its place in the poll."""
    return icon if icon in TONES else f"c{place % 8}"


def tones(options: Iterable[OptionValue]) -> dict[int, str]:
    """The colours of a poll's options, which are given in their order, by id."""
    return {option.id: tone_of(option.icon, place) for place, option in enumerate(options)}


def drawn(result: Result, people: Mapping[int, Any], colors: Mapping[int, str]) -> Drawn:
    """A result for the components; `people` are those rows may name, `colors` those of the options."""
    shown = [column for column in result.columns if column.kind in ("number", "percent")]
    keys = [(column.key, column.kind) for column in shown]
    rows = [_line(result, row, colors.get(row.option_id, "none"), keys, people) for row in result.rows]
    return Drawn(result.chart, [column.title for column in shown], rows, int(result.totals.get("votes", 0)))


def _line(
    result: Result, row: Row, tone: str, columns: Sequence[tuple[str, str]], people: Mapping[int, Any]
) -> dict[str, Any]:
    cells = [said(row.cell(key), kind) if row.is_option or key in OF_VOTERS else "–" for key, kind in columns]
    named = [people[user_id] for user_id in row.voter_ids[:NAMED] if user_id in people]
    length = row.cell(result.chart_column)
    return {
        "id": row.option_id,
        "label": row.name,
        "icon": row.icon if row.icon in TONES else None,
        "tone": tone,
        "percent": float(length) if row.is_option and length else 0,
        "value": cells[0] if cells else "",
        "cells": cells[1:],
        "people": named,
        "people_total": len(row.voter_ids),
        "note": requirement(row) or unnamed(row, columns),
    }


def unnamed(row: Row, columns: Sequence[tuple[str, str]]) -> str | None:
    """That there is nothing to average: an option that nobody rated has no rating, which is not the rating 0."""
    rated = not row.is_option or row.voter_count or "average" not in dict(columns)
    return None if rated else str(_("No votes for this option"))


def said(value: Any, kind: str) -> str:
    """A number in words: whole shares, averages with one decimal."""
    if value is None:
        return "–"
    if kind == "percent":
        return f"{rounded(value)} %"
    if isinstance(value, Fraction) and value.denominator != 1:
        tenths = rounded(value * 10)
        return f"{'-' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}"
    return str(int(value)) if isinstance(value, Fraction) else str(value)


def rounded(value: Fraction | int) -> int:
    """The nearest whole number, halves away from zero."""
    exact = Fraction(value)
    nearest = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return nearest if exact >= 0 else -nearest


def requirement(row: Row) -> str | None:
    """What an option has to reach, and whether it does."""
    if row.test_result is None:
        return None
    of = _("of those who may vote") if row.test_against == "voter_percent" else _("of the votes")
    bound = _("at least") if row.test_operator == "gte" else _("at most")
    text = (
        _("Needs {bound} {percent} % {of}: reached")
        if row.test_result
        else _("Needs {bound} {percent} % {of}: not reached")
    )
    return str(text).format(bound=bound, percent=row.test_percent, of=of)


def slices(counts: Sequence[int], icons: Sequence[str]) -> list[dict[str, Any]]:
    """The small stacked bar of a list, from the counters of a poll."""
    total = sum(count for count in counts if count > 0)
    if not total:
        return []
    return [
        {"percent": 100 * max(0, count) / total, "tone": tone_of(icon, place)}
        for place, (count, icon) in enumerate(zip(counts, icons, strict=False))
    ]
