"""Methods of counting: ballots in, winners with a trace out. Pure: no database, clock, network or float."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from llmio.plugins.ballots import Number, Profile
from llmio.plugins.fields import Field

BallotKind = Literal["choice", "approval", "ranked", "rated", "allocated"]


@dataclass(frozen=True)
class Step:
    """One step of a count. `scores` is what it gave each option (or took, where negative): the steps of a count add up
    to its scores.
    """

    name: str
    """What was done, as a word for programs: `level`, `transfer`, `elimination`, …"""
    text: object
    """The same for people."""
    scores: Mapping[int, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class Tie:
    """Options that were equal, and how it was broken (None: it stands, and they share the place)."""

    options: tuple[int, ...]
    broken_by: str | None = None


@dataclass(frozen=True)
class Count:
    """What a method found.

    `winners` are option ids, best first; nobody wins where no ballot names anything. `scores` has every option of the
    profile. `ties` tells of equal options that the result depends on.
    """

    winners: tuple[int, ...]
    scores: Mapping[int, Number] = field(default_factory=dict)
    ties: tuple[Tie, ...] = ()
    steps: tuple[Step, ...] = ()

    @classmethod
    def of_steps(cls, options: Iterable[int], steps: Iterable[Step]) -> Count:
        """The count that steps add up to: the highest score wins, equal highest scores win together."""
        kept = tuple(steps)
        scores: dict[int, Number] = dict.fromkeys(options, 0)
        for step in kept:
            for option, gain in step.scores.items():
                scores[option] += gain
        best = max(scores.values(), default=0)
        winners = tuple(option for option in scores if scores[option] == best) if best > 0 else ()
        ties = (Tie(winners),) if len(winners) > 1 else ()
        return cls(winners, scores, ties, kept)


class Method(ABC):
    """A way to count ballots. Poll types name the methods they can be counted with.

    `claims` are criteria it is known to satisfy (`anonymity`, `neutrality`, …); the contract suite tests those it
    knows how to test. `source` says where the method is defined.
    """

    key: ClassVar[str]
    title: ClassVar[object]
    sentence: ClassVar[object] = ""
    """The method in one sentence, for voters."""
    example: ClassVar[object] = ""
    """A small worked example, for voters."""
    ballot_kind: ClassVar[BallotKind] = "choice"
    multi_winner: ClassVar[bool] = False
    claims: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = ""
    parameters: ClassVar[tuple[Field, ...]] = ()

    @abstractmethod
    def count(self, profile: Profile, parameters: Mapping[str, Any], seed: int = 0) -> Count:
        """Count; the same input gives the same answer. A tie may only be broken by lot with `seed`."""
