"""Poll type `score`: rate each option; method `score_sum` adds the points up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from llmio.plugins import (
    QUORUM,
    SHUFFLE,
    Ballot,
    BallotError,
    Count,
    Field,
    FieldError,
    Method,
    Plugin,
    PollType,
    PollValue,
    Profile,
    Step,
    _,
    hookimpl,
    require_scores,
)

PLUGIN = Plugin(_("Score"), _("Polls that let voters rate each option."))


class ScoreSum(Method):
    """The option with most points."""

    key = "score_sum"
    title = _("Most points")
    sentence = _("Each voter rates each option; the option with most points in all wins.")
    example = _("Tea gets 5, 4 and 0 points, coffee 3, 4 and 4: coffee wins with 11 over 9.")
    ballot_kind = "rated"
    claims = ("anonymity", "neutrality", "monotonicity", "consistency")
    source = "https://en.wikipedia.org/wiki/Score_voting"

    def count(self, profile: Profile, parameters: Mapping[str, Any], seed: int = 0) -> Count:
        """A step for each number of points given: it shows whether an option lives from many small or few high ratings."""
        by_level: dict[int, dict[int, int]] = {}
        for weight, ballot in profile.ballots:
            for option, score in ballot.scores.items():
                if score and option in profile.options:
                    gains = by_level.setdefault(score, {})
                    gains[option] = gains.get(option, 0) + weight * score
        steps = [
            Step("level", _("Ratings of {points}", points=level), by_level[level])
            for level in sorted(by_level, reverse=True)
        ]
        return Count.of_steps(profile.options, steps)


class Score(PollType):
    """Each voter gives each option a number from `min_score` to `max_score`."""

    key = "score"
    title = _("Score")
    summary = _("Let everybody rate each option, to see what the group likes best on the whole.")
    example = _("How much do you like each of these meeting places?")
    icon = "sliders"
    order = 30
    settings: ClassVar[tuple[Field, ...]] = (
        Field("min_score", "int", _("Lowest rating"), default=0, min=-100, max=100),
        Field("max_score", "int", _("Highest rating"), default=5, min=-99, max=1000),
        SHUFFLE,
        QUORUM,
    )
    ballot_template = "llmio_poll_score:templates/ballot.jinja2"
    columns = ("chart", "name", "score", "average", "voter_count")
    methods = ("score_sum",)

    def check(self, ballot: Ballot, poll: PollValue) -> None:
        """Something rated, and every rating within the bounds; what is left out is not rated, and no 0."""
        if not ballot.scores:
            raise BallotError("", _("Please rate at least one option."))
        require_scores(ballot, lowest=poll.number("min_score", 0), highest=poll.number("max_score", 5))

    def check_poll(self, poll: PollValue) -> None:
        """The bounds must leave a choice."""
        if poll.number("min_score", 0) >= poll.number("max_score", 5):
            raise FieldError("max_score", _("This must be more than the lowest rating."))


@hookimpl
def llmio_methods() -> Sequence[Method]:
    """One method."""
    return [ScoreSum()]


@hookimpl
def llmio_poll_types() -> Sequence[PollType]:
    """One type."""
    return [Score()]
