"""Poll type `resistance`: the option that people resist least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmio.plugins import (
    SHUFFLE,
    Ballot,
    BallotError,
    Column,
    Count,
    EventValue,
    Field,
    Method,
    Permission,
    Plugin,
    PluginContext,
    PollType,
    PollValue,
    Profile,
    Result,
    Setting,
    Step,
    column,
    hookimpl,
    ranked,
    require_scores,
    rows_of,
    totals_of,
)
from llmio_poll_resistance import heard

PLUGIN = Plugin(
    "Least resistance",
    "Polls that look for the option with the least resistance.",
    settings=(
        Setting(
            "poll_resistance.note", "POLL_RESISTANCE_NOTE", default="", help="A sentence shown on the page about it."
        ),
    ),
)


class LeastResistance(Method):
    """What is left of the greatest resistance is acceptance; the most accepted option wins."""

    key = "least_resistance"
    title = "Least resistance"
    sentence = "The option that meets the least resistance in all is chosen."
    example = "Tea meets 2 + 0 + 5 = 7, coffee 0 + 9 + 1 = 10: tea is chosen."
    ballot_kind = "rated"
    claims = ("anonymity", "neutrality")
    source = "https://en.wikipedia.org/wiki/Systemic_Consensing"

    def count(self, profile: Profile, parameters: Mapping[str, Any], seed: int = 0) -> Count:
        """One step for each level of resistance: how much acceptance it left."""
        most = int(parameters.get("most", 10))
        gains: dict[int, dict[int, int]] = {}
        for weight, ballot in profile.ballots:
            for option, resistance in ballot.scores.items():
                if option in profile.options and resistance < most:
                    level = gains.setdefault(resistance, {})
                    level[option] = level.get(option, 0) + weight * (most - resistance)
        steps = [Step("level", f"Resistance {level}", scores) for level, scores in sorted(gains.items())]
        return Count.of_steps(profile.options, steps)


class Resistance(PollType):
    """Every voter rates every option."""

    key = "resistance"
    title = "Least resistance"
    summary = "Find the option that nobody minds much, by asking how much each one is resisted."
    example = "Where do we go for our away day?"
    icon = "heart-pulse"
    order = 60
    settings = (Field("most_resistance", "int", "Greatest resistance", default=10, min=1, max=100), SHUFFLE)
    min_options = 2
    ballot_template = "llmio_poll_resistance:templates/ballot.jinja2"
    result_template = "llmio_poll_resistance:templates/result.jinja2"
    methods = ("least_resistance",)

    def parameters(self, poll: PollValue) -> Mapping[str, Any]:
        """How much there is to resist."""
        return {"most": poll.number("most_resistance", 10)}

    def check(self, ballot: Ballot, poll: PollValue) -> None:
        """Each option has a number within bounds."""
        for option in poll.options:
            if option.id not in ballot.scores:
                raise BallotError(f"score_{option.id}", "Please say how much you resist this.")
        require_scores(ballot, lowest=0, highest=poll.number("most_resistance", 10))

    def tally(self, profile: Profile, poll: PollValue) -> Result:
        """Options by acceptance, with the resistance they met."""
        count = self.count(profile, poll)
        resistance = profile.sums()
        rows = [
            replace(row, values={"resistance": resistance.get(row.option_id, "")})
            for row in ranked(rows_of(profile, poll, count.scores), by_score=True)
        ]
        columns = (column("chart"), column("name"), Column("resistance", "Resistance"), Column("score", "Acceptance"))
        return Result(columns, rows, totals_of(profile, poll), count, "bar", "max_score_percent")


@hookimpl
def llmio_methods() -> Sequence[Method]:
    """One method."""
    return [LeastResistance()]


@hookimpl
def llmio_poll_types() -> Sequence[PollType]:
    """One type."""
    return [Resistance()]


@hookimpl
def llmio_includeme(config: Any) -> None:
    """A page about the method."""
    config.add_route("poll_resistance.about", "/about")
    config.add_view(
        about,
        route_name="poll_resistance.about",
        permission=Permission.PUBLIC,
        renderer="llmio_poll_resistance:templates/about.jinja2",
    )
    config.add_static_view("static", "llmio_poll_resistance:static")


def about(request: Any) -> dict[str, Any]:
    """What the page shows."""
    return {"method": LeastResistance(), "note": request.app.settings.text("poll_resistance.note")}


@hookimpl
def llmio_event(event: EventValue, ctx: PluginContext) -> None:
    """Count votes. An event may come twice: its id is the key."""
    if event.kind in ("stance_created", "stance_updated"):
        with ctx.connect() as connection:
            heard.note(connection, event.id, ctx.now)


@hookimpl
def llmio_commands(group: Any) -> None:
    """`llmio x poll_resistance heard`."""
    group.command("heard", help="Say how many votes this plugin heard of.")(heard.tell)
