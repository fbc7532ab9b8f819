"""Tasks in the texts of polls and outcomes, and in the reasons of votes that are not anonymous."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from llmio.core.features import TaskPlace
from llmio.core.permissions import Permission
from llmio.polls import queries, results
from llmio.polls.cards import path_of
from llmio.polls.models import Outcome, Poll, Stance
from llmio.tasks.models import Task, TasksUser

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


def _stances(ctx: Context, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    rows = list(ctx.db.scalars(select(Stance).where(Stance.id.in_(ids)))) if ids else []
    polls = _seen(ctx, (row.poll_id for row in rows))
    return {
        row.id: (polls[row.poll_id].title, f"{path_of(polls[row.poll_id])}#votes")
        for row in rows
        if row.poll_id in polls and _says(ctx, polls[row.poll_id], row)
    }


def _says(ctx: Context, poll: Poll, stance: Stance) -> bool:
    """A vote that counts, with a name, as far as the actor may see what it says."""
    counts = stance.latest and stance.cast_at is not None and stance.revoked_at is None
    return counts and results.voters_nameable(poll) and results.stance_visible(ctx, poll, stance)


def forget(ctx: Context, poll: Poll) -> None:
    """Delete the tasks of a poll's votes, which say who wrote them."""
    stances = select(Stance.id).where(Stance.poll_id == poll.id)
    mine = select(Task.id).where(Task.record_type == "Stance", Task.record_id.in_(stances))
    ctx.db.execute(delete(TasksUser).where(TasksUser.task_id.in_(mine)).execution_options(synchronize_session=False))
    ctx.db.execute(delete(Task).where(Task.id.in_(mine)).execution_options(synchronize_session=False))


def _kept(_ctx: Context, record: Poll) -> bool:
    return record.discarded_at is None


def _stance_kept(ctx: Context, record: Stance) -> bool:
    return _kept(ctx, record.poll) and _says(ctx, record.poll, record)


def _outcome_kept(ctx: Context, record: Outcome) -> bool:
    return record.poll is not None and _kept(ctx, record.poll)


PLACES = (
    TaskPlace(Poll, "details", Permission.POLL_SHOW, Permission.POLL_UPDATE, _polls, _kept),
    TaskPlace(Outcome, "statement", Permission.POLL_SHOW, Permission.OUTCOME_UPDATE, _outcomes, _outcome_kept),
    TaskPlace(Stance, "reason", Permission.POLL_SHOW, Permission.STANCE_UPDATE, _stances, _stance_kept),
)
