"""Results: who may see them, and what they are. The one place that decides both, for pages, API, mail and live alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from llmio.plugins.guard import guard
from llmio.plugins.polls import Ballot, PollValue, Profile, Result, UnknownType
from llmio.plugins.results import Column, Row
from llmio.polls import queries
from llmio.polls.models import Poll, Stance
from llmio.polls.values import HideResults, poll_value

if TYPE_CHECKING:
    from llmio.core.context import Context

MOST_VOTERS = 500
"""How many voters a row names at most."""


def results_visible(ctx: Context, poll: Poll) -> bool:
    """Whether the actor may see results and others' votes: how many chose what, who, and why.

    Nothing of a poll's result is shown anywhere unless this says so. What it hides: scores, choices, reasons. Who takes
    part is not hidden by it, but by anonymity (`voters_nameable`).
    """
    if poll.discarded_at is not None:
        return False
    if poll.closed_at is not None or poll.hide_results == HideResults.OFF:
        return True
    if poll.hide_results == HideResults.UNTIL_VOTE:
        stance = queries.my_stance(ctx, poll.id)
        return stance is not None and stance.cast_at is not None
    return False


def visible_to_everyone(poll: Poll) -> bool:
    """Whether results may be shown to anyone who may see the poll, voter or not: for channels without a reader."""
    return poll.discarded_at is None and (poll.closed_at is not None or poll.hide_results == HideResults.OFF)


def stance_visible(ctx: Context, poll: Poll, stance: Stance) -> bool:
    """Whether the actor may see what a vote says: their own, or any where results may be seen."""
    own = ctx.actor is not None and stance.participant_id == ctx.actor.id
    return own or results_visible(ctx, poll)


def voters_nameable(poll: Poll) -> bool:
    """Whether votes may carry names."""
    return not poll.anonymous


def profiles(ctx: Context, polls: Sequence[Poll]) -> dict[int, Profile]:
    """The ballots of polls, packed by the database, in one query."""
    query = (
        select(Stance.poll_id, Stance.option_scores, Stance.none_of_the_above, func.count())
        .where(
            Stance.poll_id.in_([poll.id for poll in polls]),
            Stance.latest.is_(True),
            Stance.revoked_at.is_(None),
            Stance.cast_at.is_not(None),
        )
        .group_by(Stance.poll_id, Stance.option_scores, Stance.none_of_the_above)
    )
    found: dict[int, list[tuple[int, Ballot]]] = {poll.id: [] for poll in polls}
    for poll_id, scores, none_of_the_above, weight in ctx.db.execute(query):
        ballot = Ballot({int(key): int(score) for key, score in (scores or {}).items()}, none_of_the_above)
        found[poll_id].append((int(weight), ballot))
    return {poll.id: Profile.weighted((option.id for option in poll.options), found[poll.id]) for poll in polls}


def tally(ctx: Context, poll: Poll, value: PollValue, profile: Profile) -> Result:
    """The result by the poll's type; where that fails or is absent, the sums that can be told without it."""
    poll_type = ctx.app.plugins.poll_type(poll.poll_type)
    if value.method is None and poll_type.methods:
        poll_type = UnknownType(poll.poll_type)
    result = guard(
        ctx.app.plugins,
        poll_type,
        f"poll type {poll.poll_type}: tally",
        poll_type.tally,
        profile,
        value,
        fallback=None,
        gives=is_result,
        now=ctx.now,
    )
    if result is None:
        result = UnknownType(poll.poll_type).tally(profile, value)
    return with_voters(poll, result) if voters_nameable(poll) else result


def is_result(given: object) -> bool:
    """Whether a type gave a result that can be shown."""
    return (
        isinstance(given, Result)
        and all(isinstance(one, Column) for one in given.columns)
        and all(isinstance(one, Row) for one in given.rows)
    )


def with_voters(poll: Poll, result: Result) -> Result:
    """The result with the ids and scores of voters in its rows, from the counters of the options."""
    scores = {option.id: option.voter_scores or {} for option in poll.options}
    return replace(result, rows=tuple(_with_voters(row, scores.get(row.option_id, {})) for row in result.rows))


def _with_voters(row: Row, scores: dict[str, Any]) -> Row:
    chosen = {int(user_id): int(score) for user_id, score in scores.items() if score}
    ids = sorted(chosen, key=lambda user_id: (-chosen[user_id], user_id))[:MOST_VOTERS]
    return replace(row, voter_ids=tuple(ids), voter_scores=chosen)


def results_of(ctx: Context, polls: Sequence[Poll]) -> dict[int, Result]:
    """Results of those polls whose results the actor may see, in a number of queries that does not grow."""
    queries.remember_stances(ctx, [poll.id for poll in polls])
    visible = [poll for poll in polls if results_visible(ctx, poll)]
    if not visible:
        return {}
    packed = profiles(ctx, visible)
    return {poll.id: tally(ctx, poll, poll_value(ctx.app, poll), packed[poll.id]) for poll in visible}


def as_rows(poll: Poll, result: Result) -> list[dict[str, Any]]:
    """The rows as JSON, with the reference's names; exact numbers become whole or decimal ones here, at the edge."""
    return [_as_row(poll, row) for row in result.rows]


def _as_row(poll: Poll, row: Row) -> dict[str, Any]:
    return {
        "id": row.option_id,
        "poll_id": poll.id,
        "name": row.name,
        "name_format": row.name_format,
        "icon": row.icon or None,
        "rank": row.rank,
        "score": number(row.score),
        "target_percent": number(row.target_percent),
        "score_percent": number(row.score_percent),
        "max_score_percent": number(row.max_score_percent),
        "voter_percent": number(row.voter_percent),
        "average": number(row.average),
        "voter_scores": {str(user_id): score for user_id, score in row.voter_scores.items()},
        "voter_ids": list(row.voter_ids),
        "voter_count": number(row.voter_count),
        "color": row.color,
        "test_operator": row.test_operator,
        "test_against": row.test_against,
        "test_percent": row.test_percent,
        "test_result": row.test_result,
        **{key: number(value) for key, value in row.values.items()},
    }


def number(value: Any) -> Any:
    """A number that JSON can carry: whole where it is, else with at most six decimals."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else round(value.numerator / value.denominator, 6)
    return value


def totals(result: Result) -> dict[str, Any]:
    """The totals as JSON."""
    return {key: number(value) for key, value in result.totals.items()}


def names_in(results: Iterable[Result], limit: int) -> set[int]:
    """Ids of people that rows name, at most `limit` by row."""
    return {user_id for result in results for row in result.rows for user_id in row.voter_ids[:limit]}
