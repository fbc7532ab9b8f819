"""Poll type `proposal`: one statement, and a position to take on it, such as agree, abstain, disagree or block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from llmio.plugins import (
    QUORUM,
    Ballot,
    Field,
    FieldError,
    OptionValue,
    Plugin,
    PollType,
    PollValue,
    _,
    hookimpl,
    require_choices,
    require_scores,
    require_sum,
)
from llmio_poll_proposal.presets import PRESETS

PLUGIN = Plugin(_("Proposal"), _("Polls that ask for agreement with a proposal."))

COLORS = {"agree": "#00D177", "abstain": "#F6A82B", "disagree": "#F96168", "block": "#CE261B"}


class Proposal(PollType):
    """Each voter takes one position; a position can be required to reach a share of the votes."""

    key = "proposal"
    title = _("Proposal")
    summary = _("Put one suggestion to the group and see where everybody stands.")
    example = _("Shall we renew the lease for five years?")
    icon = "hand-thumbs-up"
    order = 10
    days_open = 7
    settings: ClassVar[tuple[Field, ...]] = (QUORUM,)
    options = "preset"
    presets = PRESETS
    options_have_icons = True
    options_have_prompts = True
    options_have_tests = True
    ballot_template = "llmio_poll_proposal:templates/ballot.jinja2"
    chart = "pie"
    chart_column = "score_percent"
    columns = ("chart", "name", "votes", "votes_cast_percent", "voter_percent", "voters")
    by_score = False
    methods = ("plurality",)

    def color(self, option: OptionValue) -> str:
        """By sign: agreement is green everywhere."""
        return COLORS.get(option.icon) or super().color(option)

    def read(self, form: Mapping[str, str], poll: PollValue) -> Ballot:
        """The one chosen option, in field `option`."""
        chosen = form.get("option", "")
        return Ballot({int(chosen): 1} if chosen.isdecimal() else {})

    def check(self, ballot: Ballot, poll: PollValue) -> None:
        """One position, no more."""
        require_choices(ballot, at_least=1)
        require_scores(ballot, lowest=1, highest=1)
        require_sum(ballot, at_most=1)

    def check_poll(self, poll: PollValue) -> None:
        """Two options of one name could not be told apart."""
        names = [option.name.strip().lower() for option in poll.options]
        if len(set(names)) < len(names):
            raise FieldError("options", _("Two options have the same name."))


@hookimpl
def llmio_poll_types() -> Sequence[PollType]:
    """One type."""
    return [Proposal()]
