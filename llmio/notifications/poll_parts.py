"""What mails show of a poll: the choices, how long one may vote, what somebody chose, what came of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from llmio import mail
from llmio.core.i18n import _
from llmio.core.urls import absolute
from llmio.polls import cards, charts, queries, timeline
from llmio.polls.models import Outcome, Poll, Stance

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.notifications.subjects import Subject
    from llmio.plugins.polls import OptionValue
    from llmio.polls.cards import PollView

TIMES = "iso8601"


def values_of(theirs: Context, subject: Subject, reader: Any, path: str, token: str | None) -> dict[str, Any]:
    """The template's values; `theirs` is a context of the reader, so that nothing is told that they may not see."""
    poll = subject.poll
    if poll is None:
        return {}
    if isinstance(subject.record, Stance):
        return {"chosen": _chosen(theirs, subject.record, reader)}
    if not isinstance(subject.record, (Poll, Outcome)):
        return {}
    view = cards.one(theirs, queries.get(theirs, poll.id))
    if poll.closed_at is not None:
        return {"results": _results(view, reader), "closed_at": poll.closed_at}
    if isinstance(subject.record, Outcome):
        return {}
    notes = []
    if poll.anonymous:
        notes.append(_("Votes are anonymous."))
    if poll.hide_results:
        notes.append(_("Results are hidden until you have voted, or until the poll closes."))
    settings = theirs.app.settings
    choices = [
        (label(one, reader), one.meaning, absolute(settings, path, poll_option_id=one.id, stance_token=token))
        for one in view.value.options
    ]
    return {"closing_at": poll.closing_at, "choices": choices, "notes": notes}


def label(option: OptionValue, reader: Any) -> str:
    """The name of an option; a time as the reader's clock shows it."""
    return _timed(option.name, reader) if option.name_format == TIMES else option.name


def _timed(name: str, reader: Any) -> str:
    try:
        if len(name) == len("2027-01-31"):
            day = date.fromisoformat(name)
            noon = datetime(day.year, day.month, day.day, 12, tzinfo=mail.zone_named(reader.time_zone))
            return mail.moment(noon, reader, "date")
        moment = datetime.fromisoformat(name)
    except ValueError:
        return name
    return mail.moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC), reader)


def _chosen(theirs: Context, stance: Stance, reader: Any) -> list[str]:
    """What a vote says, one line each; empty where the reader may not see it."""
    found = timeline.load_stances(theirs, [stance.id]).get(stance.id)
    if found is None or not found.shown:
        return []
    lines = [
        f"{label(one.option, reader)}: {one.score}" if one.shows_score else label(one.option, reader)
        for one in found.choices
    ]
    return [*lines, *([str(_("None of the above"))] if found.none_of_the_above else [])]


def _results(view: PollView, reader: Any) -> dict[str, Any] | None:
    """Heads and rows of the result; None where it may not be seen or nobody voted."""
    result = view.result
    if result is None or not view.value.cast_count:
        return None
    drawn = charts.drawn(result, {}, view.tones)
    times = {row.name for row in result.rows if row.name_format == TIMES}
    return {
        "heads": [str(head) for head in drawn.heads],
        "rows": [
            (_timed(row["label"], reader) if row["label"] in times else row["label"], [row["value"], *row["cells"]])
            for row in drawn.rows
        ],
        "votes": view.value.cast_count,
    }
