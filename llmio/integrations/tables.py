"""Results as tables: bars for options, a grid of people for times of a meeting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from llmio import mail
from llmio.accounts.models import User
from llmio.core.i18n import _
from llmio.mail.render import zone_of
from llmio.plugins.content import Chart, Grid, GridLine, Line
from llmio.plugins.results import Result
from llmio.polls import charts, queries
from llmio.polls.models import Poll, Stance

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.notifications.subjects import Subject
    from llmio.plugins.polls import PollValue

TIMES = "iso8601"
"""`polls.poll_option_name_format` of polls whose options are times."""
PEOPLE = 20
"""How many columns a grid has at most."""


def secret_vote(subject: Subject) -> bool:
    """A vote that must not be told of: anonymous, or hidden while the poll is open."""
    poll = subject.poll
    if poll is None or not isinstance(subject.record, Stance):
        return False
    return poll.anonymous or (poll.hide_results != 0 and poll.closed_at is None)


def is_meeting(value: PollValue) -> bool:
    """Whether the options are times."""
    return bool(value.options) and value.options[0].name_format == TIMES


def label_of(name: str, value: PollValue, reader: User | None) -> str:
    """The name of an option; a time as the reader's clock shows it."""
    if not is_meeting(value):
        return name
    try:
        if len(name) == len("2027-01-31"):
            return day(date.fromisoformat(name), reader)
        moment = datetime.fromisoformat(name)
    except ValueError:
        return name
    return mail.moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC), reader)


def day(value: date, reader: User | None) -> str:
    """A day in the reader's language."""
    noon = datetime(value.year, value.month, value.day, 12, tzinfo=zone_of(reader))
    return mail.moment(noon, reader, "date")


def chart_of(result: Result, value: PollValue, reader: User | None) -> Chart | None:
    """Bars, the longest for the highest score, and numbers; None while nobody has voted."""
    drawn = charts.drawn(result, {}, charts.tones(value.options))
    if not drawn.rows or not value.cast_count:
        return None
    lines = tuple(
        Line(
            label_of(row["label"], value, reader),
            float(line.max_score_percent) if line.is_option else 0,
            (row["value"], *row["cells"]),
            str(row["note"] or ""),
        )
        for row, line in zip(drawn.rows, result.rows, strict=True)
    )
    return Chart(str(_("Results")), tuple(str(head) for head in drawn.heads), lines)


def grid_of(ctx: Context, poll: Poll, value: PollValue, reader: User | None) -> Grid | None:
    """Who can come when, with the initials of those who have voted; None while nobody has."""
    cast = [one for one in queries.voters(ctx, poll) if one.cast_at is not None]
    if not cast:
        return None
    lines = []
    for option in value.options:
        scores = [_score(stance, option.id) for stance in cast]
        total = f"{sum(one == 2 for one in scores)} / {len(cast)}"  # 2 means yes
        lines.append(GridLine(label_of(option.name, value, reader), tuple(scores[:PEOPLE]), total))
    people = tuple(initials(stance.participant) for stance in cast[:PEOPLE])
    return Grid(str(_("Who can come")), people, tuple(lines))


def own_grid(value: PollValue, scores: Mapping[int, int], reader: User | None, voter: User | None) -> Grid:
    """What one person said."""
    lines = tuple(GridLine(label_of(one.name, value, reader), (scores.get(one.id, 0),)) for one in value.options)
    return Grid("", (initials(voter),), lines)


def initials(user: User | None) -> str:
    """Two letters for a person."""
    if user is None:
        return "?"
    return (user.avatar_initials or "".join(part[0] for part in (user.name or user.email or "?").split()))[:2].upper()


def _score(stance: Stance, option_id: int) -> int:
    return int((stance.option_scores or {}).get(str(option_id), 0))
