"""Poll type `poll`: pick one or several options; methods `plurality` and `approval` count them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from llmio.plugins import (
    NONE_OF_THE_ABOVE,
    QUORUM,
    SHUFFLE,
    Ballot,
    Field,
    FieldError,
    Method,
    Plugin,
    PollType,
    PollValue,
    _,
    hookimpl,
    require_choices,
    require_scores,
)
from llmio_poll_choose.methods import Approval, Plurality

PLUGIN = Plugin(_("Choice"), _("Polls that let voters pick one or several options."))


class Choose(PollType):
    """Each voter picks between `minimum_stance_choices` and `maximum_stance_choices` options, or none of the above."""

    key = "poll"
    title = _("Choice")
    summary = _("Offer several options and let everybody pick those they want.")
    example = _("Which two workshops shall we run in spring?")
    icon = "ui-checks"
    order = 20
    settings: ClassVar[tuple[Field, ...]] = (
        Field(
            "minimum_stance_choices",
            "int",
            _("At least"),
            default=1,
            min=0,
            max=500,
            help=_("How many options each voter has to pick."),
        ),
        Field(
            "maximum_stance_choices",
            "int",
            _("At most"),
            default=1,
            min=1,
            max=500,
            help=_("How many options each voter may pick."),
        ),
        NONE_OF_THE_ABOVE,
        SHUFFLE,
        QUORUM,
    )
    options_have_tests = True
    ballot_template = "llmio_poll_choose:templates/ballot.jinja2"
    columns = ("chart", "name", "score_percent", "voter_count", "voters")
    methods = ("plurality", "approval")

    def method(self, settings: Mapping[str, Any]) -> str:
        """Approval where several can be picked."""
        return "plurality" if settings.get("maximum_stance_choices") == 1 else "approval"

    def read(self, form: Mapping[str, str], poll: PollValue) -> Ballot:
        """Fields `choice_<option id>`, or the one field `option` where a single one is picked."""
        chosen = [option.id for option in poll.options if form.get(f"choice_{option.id}")]
        single = form.get("option", "")
        if single == "none":
            return Ballot({}, none_of_the_above=True)
        if single.isdecimal():
            chosen.append(int(single))
        return Ballot(dict.fromkeys(chosen, 1), bool(form.get("none_of_the_above")))

    def check(self, ballot: Ballot, poll: PollValue) -> None:
        """Within the bounds; each picked once."""
        require_scores(ballot, lowest=1, highest=1)
        if not ballot.none_of_the_above:
            least = min(poll.number("minimum_stance_choices", 1), len(poll.options))
            require_choices(ballot, at_least=least, at_most=poll.number("maximum_stance_choices", len(poll.options)))

    def check_poll(self, poll: PollValue) -> None:
        """The bounds must leave something to pick."""
        if poll.number("minimum_stance_choices", 1) > poll.number("maximum_stance_choices", len(poll.options)):
            raise FieldError("maximum_stance_choices", _("This must not be less than the number voters have to pick."))


@hookimpl
def llmio_methods() -> Sequence[Method]:
    """Both methods."""
    return [Plurality(), Approval()]


@hookimpl
def llmio_poll_types() -> Sequence[PollType]:
    """One type."""
    return [Choose()]
