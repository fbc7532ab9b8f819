"""Polls, votes and outcomes as items of a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from markupsafe import Markup
from sqlalchemy import select

from llmio.core import richtext
from llmio.core.permissions import Permission
from llmio.discussions.values import Person
from llmio.polls import cards, queries, results
from llmio.polls.cards import PollView, VoteView
from llmio.polls.models import Outcome, Stance
from llmio.tasks import queries as tasks

if TYPE_CHECKING:
    from llmio.core.context import Context

VIEWS = "polls.views"


def views_of(ctx: Context, poll_ids: Sequence[int]) -> dict[int, PollView]:
    """Views of polls the actor may see; each is loaded once for a page, whatever items ask for it."""
    known: dict[int, PollView | None] = ctx.memo.setdefault(VIEWS, {})
    missing = [poll_id for poll_id in dict.fromkeys(poll_ids) if poll_id not in known]
    if missing:
        known.update(dict.fromkeys(missing))
        queries.remember_stances(ctx, missing)
        polls = [poll for poll in queries.by_ids(ctx, missing) if ctx.can(Permission.POLL_SHOW, poll)]
        known.update(cards.load(ctx, polls))
    return {poll_id: view for poll_id in poll_ids if (view := known[poll_id]) is not None}


def load_polls(ctx: Context, ids: Sequence[int]) -> dict[int, PollView]:
    """Polls with ballot and results."""
    return views_of(ctx, ids)


def load_stances(ctx: Context, ids: Sequence[int]) -> dict[int, VoteView]:
    """Votes, as far as the actor may see them; those of discarded polls, and withdrawn ones, are left out."""
    rows = list(ctx.db.scalars(select(Stance).where(Stance.id.in_(ids), Stance.revoked_at.is_(None))))
    polls = views_of(ctx, [row.poll_id for row in rows])
    nameable = [
        row.participant_id for row in rows if row.poll_id in polls and results.voters_nameable(polls[row.poll_id].poll)
    ]
    people = queries.people(ctx, [user_id for user_id in nameable if user_id])
    made = {}
    for row in rows:
        view = polls.get(row.poll_id)
        if view is not None and view.poll.discarded_at is None and row.cast_at is not None:
            person = cards.person_of(people.get(row.participant_id or 0))
            made[row.id] = cards.vote_view(view, row, row.participant_id, person)
    cards.draw_reasons(ctx, list(made.values()))
    return made


@dataclass(frozen=True)
class OutcomeView:
    """An outcome in a thread."""

    id: int
    poll: PollView
    author: Person | None
    statement: Markup
    created_at: datetime | None
    review_on: date | None
    latest: bool


def load_outcomes(ctx: Context, ids: Sequence[int]) -> dict[int, OutcomeView]:
    """Outcomes with their polls."""
    rows = list(ctx.db.scalars(select(Outcome).where(Outcome.id.in_(ids))))
    polls = views_of(ctx, [row.poll_id for row in rows if row.poll_id])
    people = queries.people(ctx, [row.author_id for row in rows])
    shown = {row.id: row for row in rows if row.poll_id in polls and polls[row.poll_id].poll.discarded_at is None}
    texts = {
        row.id: richtext.to_html(row.statement, row.statement_format, prefix=f"o{row.id}-") for row in shown.values()
    }
    texts = tasks.with_boxes(ctx, "Outcome", texts, lambda one: polls[shown[one].poll_id or 0].may["decide"])
    return {
        row.id: OutcomeView(
            row.id,
            polls[row.poll_id or 0],
            cards.person_of(people.get(row.author_id)),
            texts[row.id],
            row.created_at,
            row.review_on,
            row.latest,
        )
        for row in shown.values()
    }
