"""What poll plugins offer: poll types, and methods that count ballots. Pure: no database, clock, network or float."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from llmio.core.i18n import _
from llmio.plugins.ballots import (
    BALLOT,
    Ballot,
    BallotError,
    Number,
    Profile,
    require_choices,
    require_own_options,
    require_scores,
    require_sum,
)
from llmio.plugins.counting import BallotKind, Count, Method, Step, Tie
from llmio.plugins.fields import NONE_OF_THE_ABOVE, QUORUM, SHUFFLE, Field, FieldError
from llmio.plugins.results import Chart, Column, Result, Row, column, ranked, rows_of, totals_of

OptionSource = Literal["none", "preset", "free", "times"]
Test = Literal["gte", "lte"]
PALETTE = ("#70C9F8", "#C8E56E", "#D38FE1", "#999FDE")
"""Colours of options that have no sign of their own, by priority."""


@dataclass(frozen=True)
class OptionPreset:
    """An option that can be had by its key; those with `start` are there when a poll of this type is begun."""

    key: str
    name: object
    icon: str = ""
    meaning: object = ""
    prompt: object = ""
    start: bool = False


@dataclass(frozen=True)
class OptionValue:
    """An option of a poll, as plugins see it.

    With `test_operator` the option passes when its share (`test_against`: `score_percent` of all scores, or
    `voter_percent` of all who may vote) is at least (`gte`) or at most (`lte`) `test_percent`.
    """

    id: int
    name: str
    icon: str = ""
    meaning: str = ""
    prompt: str = ""
    priority: int = 0
    color: str = ""
    name_format: str = "plain"
    test_operator: Test | None = None
    test_percent: int | None = None
    test_against: Literal["score_percent", "voter_percent"] | None = None


@dataclass(frozen=True)
class PollValue:
    """A poll, as plugins see it: read-only values, never the row.

    `settings` has a value for each field its type declares. `voters_count` are those who may vote, `cast_count` those
    who did. `method` counts it; None where its plugin is absent. `seed` is the same at each count of this poll.
    """

    key: str
    title: str
    options: Sequence[OptionValue] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    voters_count: int = 0
    cast_count: int = 0
    anonymous: bool = False
    closed: bool = False
    method: Method | None = None
    seed: int = 0

    def setting(self, name: str) -> Any:
        """A setting of this poll, or None."""
        return self.settings.get(name)

    def number(self, name: str, otherwise: int = 0) -> int:
        """A setting that is a number; `otherwise` where it is not set."""
        value = self.settings.get(name)
        return otherwise if value is None else int(value)


class PollType(ABC):
    """A kind of poll: what voters may choose, what a ballot must be, how the result is told.

    A subclass gives `key`, `title`, `ballot_template` and what differs from here; it holds no state. Text for people is
    marked with `_()`.
    """

    key: ClassVar[str]
    title: ClassVar[object]
    summary: ClassVar[object] = ""
    """What it is for, in one sentence."""
    example: ClassVar[object] = ""
    """A question somebody would ask with it."""
    icon: ClassVar[str] = "ui-checks"
    """A name of the icon set."""
    order: ClassVar[int] = 100
    """Place among the types when one is chosen."""
    settings: ClassVar[tuple[Field, ...]] = ()
    """Further fields of a poll of this type. A name that is a column of the table `polls` is stored there."""
    days_open: ClassVar[int] = 3
    """For how long a new poll is open unless its author says otherwise."""

    options: ClassVar[OptionSource] = "free"
    presets: ClassVar[tuple[OptionPreset, ...]] = ()
    min_options: ClassVar[int] = 1
    options_have_icons: ClassVar[bool] = False
    options_have_prompts: ClassVar[bool] = False
    """Each option asks for the reason in its own words."""
    options_have_tests: ClassVar[bool] = False
    """An option can be required to reach a share of the votes."""
    may_be_anonymous: ClassVar[bool] = True

    ballot_template: ClassVar[str]
    """Asset specification of the ballot: rendered inside the form, with `poll` (PollValue), `ballot` (Ballot or None), `errors`
    (field → messages), `type` and `id` (a prefix for element ids)."""
    result_template: ClassVar[str] = ""
    """Asset specification of a result of its own, rendered with `poll`, `result`, `voters` (option id → people, empty where
    they may not be named) and `id`; empty: chart and table."""
    chart: ClassVar[Chart] = "bar"
    chart_column: ClassVar[str] = "max_score_percent"
    """The column of the result that the chart draws."""
    columns: ClassVar[tuple[str, ...]] = ("chart", "name", "score", "voter_count", "voters")
    """Keys of the columns of the result, in order (see `column`)."""
    by_score: ClassVar[bool] = True
    """Options of the result come by score; else in their own order."""
    methods: ClassVar[tuple[str, ...]] = ()
    """Keys of the methods that can count it; unless `method` says otherwise the first does."""

    def color(self, option: OptionValue) -> str:
        """The colour of an option, as #rrggbb."""
        return PALETTE[option.priority % len(PALETTE)]

    def method(self, settings: Mapping[str, Any]) -> str:
        """The key of the method that counts a poll with these settings ("" where nothing is counted)."""
        return self.methods[0] if self.methods else ""

    def parameters(self, poll: PollValue) -> Mapping[str, Any]:
        """What its method is told of this poll."""
        return {}

    def check_poll(self, poll: PollValue) -> None:  # noqa: B027  # most types have nothing to add
        """Raise FieldError where these settings and options do not go together."""

    def read(self, form: Mapping[str, str], poll: PollValue) -> Ballot:
        """The ballot in a submitted form; by default one field `score_<option id>` for each option, empty for no answer.

        Raises BallotError where what was entered is no ballot at all.
        """
        scores = {}
        for option in poll.options:
            raw = (form.get(f"score_{option.id}") or "").strip()
            if raw:
                try:
                    scores[option.id] = int(raw)
                except ValueError:
                    raise BallotError(f"score_{option.id}", _("Please give a whole number.")) from None
        return Ballot(scores, form.get("none_of_the_above") in ("1", "true", "on"))

    @abstractmethod
    def check(self, ballot: Ballot, poll: PollValue) -> None:
        """Raise BallotError where the ballot may not be cast; that its options are the poll's is checked before."""

    def count(self, profile: Profile, poll: PollValue) -> Count:
        """The count by the poll's method; raises LookupError where that is absent."""
        if poll.method is None:
            raise LookupError(f"no method counts poll {poll.key}")
        return poll.method.count(profile, self.parameters(poll), poll.seed)

    def tally(self, profile: Profile, poll: PollValue) -> Result:
        """The result of these ballots; by default the scores of the poll's method."""
        count = self.count(profile, poll)
        rows = ranked(rows_of(profile, poll, count.scores), by_score=self.by_score)
        return Result(
            tuple(column(key) for key in self.columns),
            rows,
            totals_of(profile, poll),
            count,
            self.chart,
            self.chart_column,
        )

    def export_rows(self, profile: Profile, poll: PollValue) -> list[list[str]]:
        """Further lines for the export as a table."""
        return []

    def migrate_settings(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Settings stored by an earlier version of this type, as this version wants them."""
        return settings


class UnknownType(PollType):
    """Stands in for a type whose plugin is absent: stored results are shown, nothing can be cast or started."""

    title = _("Unknown kind of poll")
    icon = "question-circle"
    ballot_template = "llmio:web/templates/polls/unknown_ballot.jinja2"
    columns = ("chart", "name", "score", "voter_count", "voters")
    by_score = False

    def __init__(self, key: str) -> None:
        self.key = key  # type: ignore[misc]  # the one type that learns its key at run time

    def check(self, ballot: Ballot, poll: PollValue) -> None:
        """Refuse every ballot."""
        raise BallotError(BALLOT, _("The plugin for this kind of poll is not installed or switched off."))

    def count(self, profile: Profile, poll: PollValue) -> Count:
        """Sum the scores, which is all that can be said without the type."""
        sums = profile.sums()
        return Count((), dict(sums), (), (Step("sums", _("Scores added up"), dict(sums)),))


__all__ = [
    "BALLOT",
    "NONE_OF_THE_ABOVE",
    "PALETTE",
    "QUORUM",
    "SHUFFLE",
    "Ballot",
    "BallotError",
    "BallotKind",
    "Chart",
    "Column",
    "Count",
    "Field",
    "FieldError",
    "Method",
    "Number",
    "OptionPreset",
    "OptionValue",
    "PollType",
    "PollValue",
    "Profile",
    "Result",
    "Row",
    "Step",
    "Tie",
    "UnknownType",
    "column",
    "ranked",
    "require_choices",
    "require_own_options",
    "require_scores",
    "require_sum",
    "rows_of",
    "totals_of",
]
