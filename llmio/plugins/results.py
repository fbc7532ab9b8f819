"""Results of polls as data: rows, columns, totals. Numbers are exact; shares are Fractions of 100."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from llmio.core.i18n import _
from llmio.plugins.ballots import Number, Profile
from llmio.plugins.counting import Count

if TYPE_CHECKING:
    from llmio.plugins.polls import OptionValue, PollValue

Chart = Literal["bar", "pie", "grid", "none"]
NONE_OF_THE_ABOVE_ID = 0
UNDECIDED_ID = -1
NO_OPTION_COLOR = "#BBBBBB"


@dataclass(frozen=True)
class Column:
    """A column of a result table; `key` is a field of Row or one of its `values`."""

    key: str
    title: object
    kind: Literal["text", "number", "percent", "chart", "voters"] = "number"


@dataclass(frozen=True)
class Row:
    """An option's line of a result.

    `option_id` is 0 for "none of the above" and -1 for those who have not voted. Shares are exact and out of 100.
    `score_percent` is of all scores, `max_score_percent` of the highest, `voter_percent` of all who may vote. `average` is the score
    by ballot that names the option. `test_result` is None where the option has no test. `voter_ids` and `voter_scores` stay empty
    where voters may not be named; types leave them to llmio. `values` holds further columns.
    """

    option_id: int
    name: str
    icon: str = ""
    color: str = ""
    name_format: str = "plain"
    rank: int | None = None
    score: Number = 0
    voter_count: Number = 0
    score_percent: Fraction = Fraction(0)
    max_score_percent: Fraction = Fraction(0)
    voter_percent: Fraction = Fraction(0)
    target_percent: Fraction | None = None
    average: Fraction = Fraction(0)
    test_operator: str | None = None
    test_percent: int | None = None
    test_against: str | None = None
    test_result: bool | None = None
    voter_ids: tuple[int, ...] = ()
    voter_scores: Mapping[int, int] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_option(self) -> bool:
        """Whether the line is an option of the poll."""
        return self.option_id > 0

    def cell(self, key: str) -> Any:
        """What stands in a column; None for the average of an option that no ballot names."""
        if key in self.values:
            return self.values[key]
        if key == "average" and not (self.is_option and self.voter_count):
            return None
        return getattr(self, {"votes": "voter_count", "votes_cast_percent": "score_percent"}.get(key, key), None)


@dataclass(frozen=True)
class Result:
    """Result of a poll: columns, rows in order, totals, the count behind it, how it is drawn."""

    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    totals: Mapping[str, Any] = field(default_factory=dict)
    count: Count | None = None
    chart: Chart = "bar"
    chart_column: str = "max_score_percent"

    @property
    def option_rows(self) -> tuple[Row, ...]:
        """The lines of options alone."""
        return tuple(row for row in self.rows if row.is_option)


COLUMNS: Mapping[str, Column] = {
    one.key: one
    for one in (
        Column("chart", "", "chart"),
        Column("name", _("Option"), "text"),
        Column("votes", _("Votes")),
        Column("votes_cast_percent", _("Of votes"), "percent"),
        Column("score", _("Points")),
        Column("score_percent", _("Share"), "percent"),
        Column("max_score_percent", _("Of the highest"), "percent"),
        Column("voter_percent", _("Of voters"), "percent"),
        Column("voter_count", _("Voters")),
        Column("average", _("Average")),
        Column("rank", _("Rank")),
        Column("target_percent", _("Of the target"), "percent"),
        Column("voters", _("Who"), "voters"),
    )
}


def column(key: str) -> Column:
    """A usual column by its key, or a number under its key as title."""
    return COLUMNS.get(key) or Column(key, key)


def share(part: Number, whole: Number) -> Fraction:
    """How many of 100; 0 of nothing."""
    return Fraction(part) * 100 / whole if whole else Fraction(0)


def rows_of(profile: Profile, poll: PollValue, scores: Mapping[int, Number]) -> tuple[Row, ...]:
    """A line for each option in the poll's order, then "none of the above" where offered, then those who have not voted."""
    total = sum(scores.values())
    highest = max(scores.values(), default=0)
    target = poll.number("agree_target")
    lines = [
        _row(option, poll, scores.get(option.id, 0), profile.voters(option.id), total, highest, target)
        for option in poll.options
    ]
    if poll.setting("show_none_of_the_above"):
        lines.append(_beside(NONE_OF_THE_ABOVE_ID, _("None of the above"), profile.none_of_the_above, poll))
    lines.append(
        _beside(
            UNDECIDED_ID,
            _("Did not vote") if poll.closed else _("Not voted yet"),
            max(0, poll.voters_count - poll.cast_count),
            poll,
        )
    )
    return tuple(lines)


def _row(
    option: OptionValue, poll: PollValue, score: Number, voters: int, total: Number, highest: Number, target: int
) -> Row:
    row = Row(
        option.id,
        option.name,
        option.icon,
        option.color,
        option.name_format,
        score=score,
        voter_count=voters,
        score_percent=share(score, total),
        max_score_percent=share(score, highest),
        voter_percent=share(voters, poll.voters_count),
        target_percent=share(score, target) if target and option.icon == "agree" else None,
        average=Fraction(score) / voters if voters else Fraction(0),
        test_operator=option.test_operator,
        test_percent=option.test_percent,
        test_against=option.test_against,
    )
    return replace(row, test_result=_passes(row))


def _beside(option_id: int, name: object, voters: int, poll: PollValue) -> Row:
    icon = "undecided" if option_id == UNDECIDED_ID else ""
    return Row(
        option_id, str(name), icon, NO_OPTION_COLOR, voter_count=voters, voter_percent=share(voters, poll.voters_count)
    )


def _passes(row: Row) -> bool | None:
    if row.test_operator not in ("gte", "lte") or row.test_percent is None:
        return None
    reached = row.voter_percent if row.test_against == "voter_percent" else row.score_percent
    return reached >= row.test_percent if row.test_operator == "gte" else reached <= row.test_percent


def ranked(rows: Iterable[Row], *, by_score: bool) -> tuple[Row, ...]:
    """Rows with their rank, by score or in the order they have; lines that are no options stay last."""
    kept = list(rows)
    options = [row for row in kept if row.is_option]
    if by_score:
        options.sort(key=lambda row: -row.score)
    numbered = [replace(row, rank=place) for place, row in enumerate(options, start=1)]
    return (*numbered, *(row for row in kept if not row.is_option))


def totals_of(profile: Profile, poll: PollValue) -> dict[str, Any]:
    """What is true of the poll as a whole.

    `quorum_count` is how many votes the quorum asks for, `quorum_votes_required` how many of them are missing.
    """
    voters, cast = poll.voters_count, poll.cast_count
    percent = poll.setting("quorum_pct")
    needed = None if percent is None else -(-percent * voters // 100)
    return {
        "total_score": sum(profile.sums().values()),
        "votes": profile.votes,
        "voters_count": voters,
        "decided_voters_count": cast,
        "undecided_voters_count": max(0, voters - cast),
        "none_of_the_above_count": profile.none_of_the_above,
        "cast_stances_pct": 100 * cast // voters if voters else 0,
        "quorum_pct": percent,
        "quorum_count": needed,
        "quorum_reached": None if needed is None else cast >= needed,
        "quorum_votes_required": None if needed is None else max(0, needed - cast),
    }
