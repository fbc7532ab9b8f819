"""What poll plugins offer: poll types, and methods that count ballots. Pure: no database, clock, network or float."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Literal

Number = int | Fraction
BallotKind = Literal["choice", "approval", "ranked", "rated", "allocated"]
OptionSource = Literal["none", "preset", "free", "times"]
Chart = Literal["bar", "pie", "grid", "none"]


class BallotError(Exception):
    """A ballot that cannot be taken; `field` names the form field ("" for the whole), `message` is for the voter."""

    def __init__(self, field: str, message: object) -> None:
        super().__init__(str(message))
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Field:
    """One setting of a poll of this type: becomes form control, validation, API field and documentation at once."""

    name: str
    kind: Literal["int", "bool", "choice", "text"]
    label: str
    default: Any = None
    help: str = ""
    min: int | None = None
    max: int | None = None
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class OptionPreset:
    """An option that a poll of this type starts with."""

    name: str
    icon: str = ""
    meaning: str = ""
    prompt: str = ""


@dataclass(frozen=True)
class OptionValue:
    """An option of a poll, as plugins see it."""

    id: int
    name: str
    icon: str = ""
    meaning: str = ""
    prompt: str = ""
    priority: int = 0
    color: str = ""


@dataclass(frozen=True)
class PollValue:
    """A poll, as plugins see it: read-only values, never the row."""

    key: str
    title: str
    options: Sequence[OptionValue] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    voters_count: int = 0
    cast_count: int = 0
    anonymous: bool = False
    closed: bool = False

    def setting(self, name: str) -> Any:
        """A setting of this poll, or None."""
        return self.settings.get(name)


@dataclass(frozen=True)
class Ballot:
    """What a voter chose: option id → score."""

    scores: Mapping[int, int] = field(default_factory=dict)
    none_of_the_above: bool = False


@dataclass(frozen=True)
class Profile:
    """All ballots, packed: (weight, ballot) pairs, equal ballots merged."""

    options: tuple[int, ...]
    ballots: tuple[tuple[Number, Ballot], ...]

    @classmethod
    def of(cls, options: Iterable[int], ballots: Iterable[Ballot]) -> Profile:
        """Pack ballots of weight 1."""
        merged: dict[tuple[Any, bool], tuple[int, Ballot]] = {}
        for ballot in ballots:
            same = (tuple(sorted(ballot.scores.items())), ballot.none_of_the_above)
            merged[same] = (merged.get(same, (0, ballot))[0] + 1, ballot)
        return cls(tuple(options), tuple(merged.values()))


@dataclass(frozen=True)
class Step:
    """One step of a count: what was done, and what each option had after it."""

    name: str
    text: str
    scores: Mapping[int, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class Tie:
    """Options that were equal, and how it was broken (None: it stands)."""

    options: tuple[int, ...]
    broken_by: str | None = None


@dataclass(frozen=True)
class Count:
    """What a method found: winners in order, ties, and the steps that lead there."""

    winners: tuple[int, ...]
    scores: Mapping[int, Number] = field(default_factory=dict)
    ties: tuple[Tie, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column of a result table."""

    key: str
    title: str
    kind: Literal["text", "number", "percent", "chart", "voters"] = "number"


@dataclass(frozen=True)
class Row:
    """An option's line of a result table."""

    option_id: int
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    color: str = ""
    icon: str = ""


@dataclass(frozen=True)
class Result:
    """Result of a poll: rows in order, columns, totals."""

    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    totals: Mapping[str, Any] = field(default_factory=dict)
    count: Count | None = None


class Method(ABC):
    """A way to count ballots."""

    key: ClassVar[str]
    title: ClassVar[str]
    sentence: ClassVar[str] = ""
    """The method in one sentence, for voters."""
    example: ClassVar[str] = ""
    ballot_kind: ClassVar[BallotKind] = "choice"
    multi_winner: ClassVar[bool] = False
    claims: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = ""
    parameters: ClassVar[tuple[Field, ...]] = ()

    @abstractmethod
    def count(self, profile: Profile, parameters: Mapping[str, Any], seed: int = 0) -> Count:
        """Count; the same input gives the same answer."""


class PollType(ABC):
    """A kind of poll: what voters may choose, what a ballot must be, how the result is told."""

    key: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""
    icon: ClassVar[str] = "bi-check2-square"
    order: ClassVar[int] = 100
    settings: ClassVar[tuple[Field, ...]] = ()
    options: ClassVar[OptionSource] = "free"
    presets: ClassVar[tuple[OptionPreset, ...]] = ()
    min_options: ClassVar[int] = 1
    ballot_template: ClassVar[str]
    """Asset specification, included with `poll` (PollValue), `ballot` (Ballot or None) and `errors`."""
    result_template: ClassVar[str] = ""
    """Asset specification of a result of its own; empty: chart and table."""
    chart: ClassVar[Chart] = "bar"

    def read(self, form: Mapping[str, str], poll: PollValue) -> Ballot:
        """The ballot in a submitted form; by default one field `score_<option id>` for each option."""
        scores = {}
        for option in poll.options:
            raw = form.get(f"score_{option.id}", "").strip()
            if raw:
                try:
                    scores[option.id] = int(raw)
                except ValueError:
                    raise BallotError(f"score_{option.id}", "This is not a number.") from None
        return Ballot(scores)

    @abstractmethod
    def check(self, ballot: Ballot, poll: PollValue) -> None:
        """Raise BallotError where the ballot may not be cast."""

    @abstractmethod
    def tally(self, profile: Profile, poll: PollValue) -> Result:
        """The result of these ballots."""

    def export_rows(self, profile: Profile, poll: PollValue) -> list[list[str]]:
        """Further lines for the export as a table."""
        return []

    def migrate_settings(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Settings stored by an earlier version of this type, as this version wants them."""
        return settings


class UnknownType(PollType):
    """Stands in for a type whose plugin is absent: stored results are shown, nothing can be cast or started."""

    title = "Unknown kind of poll"
    ballot_template = "llmio:web/templates/polls/unknown.jinja2"

    def __init__(self, key: str) -> None:
        self.key = key  # type: ignore[misc]  # the one type that learns its key at run time

    def check(self, ballot: Ballot, poll: PollValue) -> None:
        """Refuse every ballot."""
        raise BallotError("", "The plugin for this kind of poll is not installed or switched off.")

    def tally(self, profile: Profile, poll: PollValue) -> Result:
        """Sum the scores, which is all that can be said without the type."""
        sums: dict[int, Number] = dict.fromkeys(profile.options, 0)
        for weight, ballot in profile.ballots:
            for option, score in ballot.scores.items():
                sums[option] = sums.get(option, 0) + weight * score
        names = {option.id: option for option in poll.options}
        rows = [Row(key, names[key].name, {"score": sums[key]}, names[key].color) for key in sums if key in names]
        return Result((Column("name", "Option", "text"), Column("score", "Score")), rows, {"score": sum(sums.values())})
