"""Counting of choices: plurality and approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmio.plugins import Count, Method, Profile, Step, _


class Plurality(Method):
    """The option that most voters picked."""

    key = "plurality"
    title = _("Most votes")
    sentence = _("The option picked by most voters wins, even if they are less than half.")
    example = _("Of 9 voters 4 pick tea, 3 coffee and 2 juice: tea wins with 4.")
    ballot_kind = "choice"
    claims = ("anonymity", "neutrality", "monotonicity")
    source = "https://en.wikipedia.org/wiki/Plurality_voting"

    def count(self, profile: Profile, parameters: Mapping[str, Any], seed: int = 0) -> Count:
        """One step: each vote counts once."""
        gains = {
            option: sum(w for w, ballot in profile.ballots if option in ballot.scores) for option in profile.options
        }
        return Count.of_steps(profile.options, [Step("votes", _("Each vote counts once"), gains)])


class Approval(Method):
    """The option that most voters can accept."""

    key = "approval"
    title = _("Approval")
    sentence = _("Voters pick all the options they accept; the one accepted by most wins.")
    example = _("Ana picks tea and coffee, Ravi coffee, Zoë juice and coffee: coffee wins with 3.")
    ballot_kind = "approval"
    claims = ("anonymity", "neutrality", "monotonicity")
    source = "https://en.wikipedia.org/wiki/Approval_voting"

    def count(self, profile: Profile, parameters: Mapping[str, Any], seed: int = 0) -> Count:
        """A step for each number of options that ballots name: it shows whose votes carried an option."""
        by_size: dict[int, dict[int, int]] = {}
        for weight, ballot in profile.ballots:
            gains = by_size.setdefault(len(ballot.scores), {})
            for option in ballot.scores:
                if option in profile.options:
                    gains[option] = gains.get(option, 0) + weight
        steps = [
            Step("approvals", _("Ballots that name {count}", count=size), gains)
            for size, gains in sorted(by_size.items())
            if gains
        ]
        return Count.of_steps(profile.options, steps)
