"""Tasks in the texts of polls and outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core.features import TaskPlace
from llmio.core.permissions import Permission
from llmio.polls import queries
from llmio.polls.cards import path_of
from llmio.polls.models import Outcome, Poll

if TYPE_CHECKING:
    from llmio.core.context import Context


def _seen(ctx: Context, ids: Iterable[int]) -> dict[int, Poll]:
    wanted = sorted(set(ids))
    queries.remember_stances(ctx, wanted)
    polls = queries.by_ids(ctx, wanted) if wanted else []
    return {poll.id: poll for poll in polls if poll.discarded_at is None and ctx.can(Permission.POLL_SHOW, poll)}


def _polls(ctx: Context, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    return {poll.id: (poll.title, path_of(poll)) for poll in _seen(ctx, ids).values()}


def _outcomes(ctx: Context, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    if not ids:
        return {}
    rows = ctx.db.execute(select(Outcome.id, Outcome.poll_id).where(Outcome.id.in_(ids)))
    of_poll = {outcome_id: poll_id for outcome_id, poll_id in rows if poll_id}
    polls = _seen(ctx, of_poll.values())
    return {
        outcome_id: (polls[poll_id].title, path_of(polls[poll_id]))
        for outcome_id, poll_id in of_poll.items()
        if poll_id in polls
    }


def _kept(record: Poll) -> bool:
    return record.discarded_at is None


def _outcome_kept(record: Outcome) -> bool:
    return record.poll is not None and _kept(record.poll)


PLACES = (
    TaskPlace(Poll, "details", Permission.POLL_SHOW, Permission.POLL_UPDATE, _polls, _kept),
    TaskPlace(Outcome, "statement", Permission.POLL_SHOW, Permission.OUTCOME_UPDATE, _outcomes, _outcome_kept),
)
