"""Ballots as values, and what can be demanded of one. Pure: no database, clock, network or float."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

from llmio.core.i18n import _, ngettext

if TYPE_CHECKING:
    from llmio.plugins.polls import PollValue

Number = int | Fraction
"""Exact: counting never uses float."""

BALLOT = "ballot"
"""The field that a fault of the ballot as a whole is shown at."""


class BallotError(Exception):
    """A ballot that cannot be taken; `field` names the form field ("ballot" for the whole), `message` is for the voter."""

    def __init__(self, field: str, message: object) -> None:
        super().__init__(str(message))
        self.field = field or BALLOT
        self.message = message


@dataclass(frozen=True)
class Ballot:
    """What a voter chose: option id → score, or none of the above.

    A chosen option has score 1; a rated one its points; an option that is not named got no answer, which is not the
    same as 0 points.
    """

    scores: Mapping[int, int] = field(default_factory=dict)
    none_of_the_above: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", MappingProxyType(dict(self.scores)))

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def key(self) -> tuple[tuple[tuple[int, int], ...], bool]:
        """The same for equal ballots, whatever the order their options were named in."""
        return tuple(sorted(self.scores.items())), self.none_of_the_above


@dataclass(frozen=True)
class Profile:
    """All ballots, packed: `options` are the ids in order, `ballots` (weight, ballot) pairs with equal ballots merged."""

    options: tuple[int, ...]
    ballots: tuple[tuple[int, Ballot], ...] = ()

    @classmethod
    def of(cls, options: Iterable[int], ballots: Iterable[Ballot]) -> Profile:
        """Pack ballots of weight 1."""
        return cls.weighted(options, ((1, ballot) for ballot in ballots))

    @classmethod
    def weighted(cls, options: Iterable[int], ballots: Iterable[tuple[int, Ballot]]) -> Profile:
        """Pack (weight, ballot) pairs; the order they come in does not show in the result."""
        merged: dict[tuple[tuple[tuple[int, int], ...], bool], tuple[int, Ballot]] = {}
        for weight, ballot in ballots:
            before = merged.get(ballot.key, (0, ballot))[0]
            merged[ballot.key] = (before + weight, ballot)
        return cls(tuple(options), tuple(merged[key] for key in sorted(merged)))

    @property
    def votes(self) -> int:
        """The sum of weights."""
        return sum(weight for weight, _ballot in self.ballots)

    @property
    def none_of_the_above(self) -> int:
        """The weight of those who chose none of the options."""
        return sum(weight for weight, ballot in self.ballots if ballot.none_of_the_above)

    def voters(self, option: int) -> int:
        """The weight of ballots that name an option."""
        return sum(weight for weight, ballot in self.ballots if option in ballot.scores)

    def sums(self) -> dict[int, int]:
        """Option → sum of its scores; every option is there."""
        totals = dict.fromkeys(self.options, 0)
        for weight, ballot in self.ballots:
            for option, score in ballot.scores.items():
                if option in totals:
                    totals[option] += weight * score
        return totals


def require_own_options(ballot: Ballot, poll: PollValue) -> None:
    """Each named option belongs to the poll; "none of the above" is offered, and stands alone."""
    if not set(ballot.scores) <= {option.id for option in poll.options}:
        raise BallotError(BALLOT, _("One of these options is no longer part of this poll. Please look again."))
    if ballot.none_of_the_above and not poll.setting("show_none_of_the_above"):
        raise BallotError(BALLOT, _("“None of the above” cannot be chosen here."))
    if ballot.none_of_the_above and ballot.scores:
        raise BallotError(BALLOT, _("“None of the above” cannot be combined with an option."))


def require_choices(ballot: Ballot, *, at_least: int, at_most: int | None = None) -> None:
    """The number of named options lies within bounds."""
    chosen = len(ballot.scores)
    if chosen < at_least:
        if at_least == 1:
            raise BallotError(BALLOT, _("Please choose an option."))
        raise BallotError(
            BALLOT,
            ngettext("Please choose at least {count} option.", "Please choose at least {count} options.", at_least),
        )
    if at_most is not None and chosen > at_most:
        raise BallotError(
            BALLOT, ngettext("Please choose at most {count} option.", "Please choose at most {count} options.", at_most)
        )


def require_scores(ballot: Ballot, *, lowest: int, highest: int) -> None:
    """Each score lies within bounds."""
    for option, score in ballot.scores.items():
        if not lowest <= score <= highest:
            text = _("Please give a number from {lowest} to {highest}.", lowest=lowest, highest=highest)
            raise BallotError(f"score_{option}", text)


def require_sum(ballot: Ballot, *, at_most: int) -> None:
    """The scores together stay within a budget."""
    if sum(ballot.scores.values()) > at_most:
        raise BallotError(BALLOT, _("Please spend at most {points} in all.", points=at_most))
