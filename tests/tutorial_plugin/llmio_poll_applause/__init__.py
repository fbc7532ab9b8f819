"""Poll type `applause`: clap for what you like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmio.plugins import (
    Ballot,
    Count,
    Field,
    Method,
    Plugin,
    PollType,
    PollValue,
    Profile,
    Step,
    hookimpl,
    require_choices,
    require_scores,
)

PLUGIN = Plugin("Applause", "Polls in which people clap for what they like.")


class Claps(Method):
    """The option with most claps."""

    key = "claps"
    title = "Most claps"
    sentence = "The option that gets most claps in all is chosen."
    example = "Tea gets 3 and 1 claps, coffee 2 and 1: tea is chosen with 4."
    ballot_kind = "rated"
    source = "https://en.wikipedia.org/wiki/Score_voting"

    def count(self, profile: Profile, parameters: Mapping[str, Any], seed: int = 0) -> Count:
        """One step: all claps are added up."""
        return Count.of_steps(profile.options, [Step("claps", "Claps added up", profile.sums())])


class Applause(PollType):
    """Everybody claps for each option, up to `most_claps` times."""

    key = "applause"
    title = "Applause"
    summary = "Let everybody clap for what they like."
    example = "Which song opens the evening?"
    icon = "star"
    order = 70
    settings = (Field("most_claps", "int", "Most claps for one option", default=3, min=1, max=10),)
    ballot_template = "llmio_poll_applause:templates/ballot.jinja2"
    columns = ("chart", "name", "score", "voter_count")
    methods = ("claps",)

    def check(self, ballot: Ballot, poll: PollValue) -> None:
        """Something is rated, and nothing gets more claps than allowed."""
        require_choices(ballot, at_least=1)
        require_scores(ballot, lowest=0, highest=poll.number("most_claps", 3))


@hookimpl
def llmio_methods() -> Sequence[Method]:
    """One method."""
    return [Claps()]


@hookimpl
def llmio_poll_types() -> Sequence[PollType]:
    """One type."""
    return [Applause()]
