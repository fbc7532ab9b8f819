"""Polls ready to be shown: loaded in bulk, with what the reader may see and do, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from llmio.core import richtext
from llmio.core.permissions import Permission
from llmio.discussions.values import Person, slug_of
from llmio.plugins.polls import Ballot, OptionValue, PollType, PollValue, Result
from llmio.polls import charts, queries, results
from llmio.polls.calendar import decides, moment_of
from llmio.polls.models import Outcome, Poll, Stance
from llmio.polls.rules import is_active
from llmio.polls.values import HideResults, Reason, option_value, poll_value
from llmio.tasks import queries as tasks

if TYPE_CHECKING:
    from llmio.core.context import Context

RESERVED = frozenset({"edit", "card", "votes", "voters", "remind", "outcome", "receipts", "reopen", "thread"})
"""Words after a poll's key that are addresses themselves."""


def path_of(poll: Any) -> str:
    """The address of a poll, or of a row with its key and title."""
    slug = slug_of(poll.title) or "poll"
    return f"/p/{poll.key}/{slug}-poll" if slug in RESERVED else f"/p/{poll.key}/{slug}"


def person_of(user: Any, user_id: int | None = None) -> Person | None:
    """Someone (a user, or a row with their names) as avatars need them; the address stands for a name not given yet."""
    if user is None:
        return None
    name = user.name or (user.email or "").split("@")[0]
    return Person(user_id or user.id, name, user.username or "", user.avatar_initials or "", user.picture)


def state_of(ctx: Context, poll: Poll, stance: Stance | None) -> str:
    """For the status pill: draft, planned (it opens later), closed, voted, waiting (for the actor's vote) or open."""
    if poll.closed_at is not None:
        return "closed"
    if poll.closing_at is None:
        return "planned" if poll.opening is not None else "draft"
    if stance is not None:
        return "voted" if stance.cast_at else "waiting"
    return "open"


def ballot_of(stance: Any) -> Ballot | None:
    """What a person chose (by a stance, or a row of what it says); None where they have not voted."""
    if stance is None or stance.cast_at is None:
        return None
    return Ballot({int(key): int(score) for key, score in stance.option_scores.items()}, stance.none_of_the_above)


@dataclass(frozen=True)
class Choice:
    """A line of what somebody chose: an option, and the score where it says more than that it was chosen."""

    option: OptionValue
    score: int
    shows_score: bool
    tone: str


@dataclass
class VoteView:
    """A vote, as far as the reader may see it: where results are hidden only who and when, and in anonymous polls neither."""

    id: int
    person: Person | None
    cast_at: datetime | None
    shown: bool
    choices: Sequence[Choice] = ()
    none_of_the_above: bool = False
    reason: Markup = Markup("")  # noqa: RUF009  # immutable
    superseded: bool = False
    own: bool = False
    poll: PollView | None = None


@dataclass
class PollView:
    """A poll, ready to be shown. `result` is None where it may not be seen; nothing else here tells of it then."""

    poll: Poll
    kind: PollType
    value: PollValue
    ctx: Context
    stance: Stance | None
    state: str
    author: Person | None
    result: Result | None = None
    people: Mapping[int, Person] = field(default_factory=dict)
    outcome: Outcome | None = None

    @property
    def id(self) -> int:
        """The id of the row."""
        return self.poll.id

    @property
    def url(self) -> str:
        """Its address."""
        return path_of(self.poll)

    @property
    def dom_id(self) -> str:
        """The prefix of ids of its elements."""
        return f"poll-{self.poll.id}"

    @cached_property
    def active(self) -> bool:
        """Votes can be cast."""
        return is_active(self.ctx, self.poll)

    @property
    def stage(self) -> str:
        """What the page has to offer: the ballot, or what stands in its place."""
        return "ballot" if self.can_vote else self.state

    @cached_property
    def can_vote(self) -> bool:
        """The reader may vote."""
        return self.ctx.can(Permission.POLL_VOTE, self.poll)

    @cached_property
    def may(self) -> dict[str, bool]:
        """What else the reader may do."""
        asked = {
            "edit": Permission.POLL_UPDATE,
            "close": Permission.POLL_CLOSE,
            "reopen": Permission.POLL_REOPEN,
            "discard": Permission.POLL_DISCARD,
            "add_voters": Permission.POLL_ADD_VOTERS,
            "remind": Permission.POLL_REMIND,
            "decide": Permission.OUTCOME_CREATE,
            "share": Permission.OUTCOME_ANNOUNCE,
        }
        return {name: self.ctx.can(permission, self.poll) for name, permission in asked.items()}

    @cached_property
    def details(self) -> Markup:
        """What it is about."""
        return richtext.to_html(self.poll.details, self.poll.details_format, prefix=f"p{self.poll.id}-")

    @cached_property
    def outcome_html(self) -> Markup:
        """What was decided."""
        if self.outcome is None:
            return Markup()
        return richtext.to_html(self.outcome.statement, self.outcome.statement_format, prefix=f"o{self.outcome.id}-")

    @cached_property
    def decided_option(self) -> str | None:
        """The name of the option that the outcome names."""
        names = {option.id: option.name for option in self.value.options}
        return names.get(self.outcome.poll_option_id or 0) if self.outcome else None

    @cached_property
    def decided_time(self) -> tuple[datetime, bool] | None:
        """The moment that the outcome names, and whether it is a whole day (then noon of it, on the reader's clock)."""
        return moment_of(self.decided_option, self.ctx.actor) if self.decides_time else None

    @property
    def decides_time(self) -> bool:
        """The outcome names a time, which calendars can take."""
        return decides(self.poll) and self.decided_option is not None

    @property
    def ballot(self) -> Ballot | None:
        """What the reader chose."""
        return ballot_of(self.stance)

    @cached_property
    def ballot_value(self) -> PollValue:
        """The poll for the ballot: options in an order of the reader's own where that is wanted, the same at each look."""
        if not self.value.setting("shuffle_options"):
            return self.value
        salt = f"{self.poll.id}:{self.ctx.actor_id}"
        order = sorted(self.value.options, key=lambda one: blake2b(f"{salt}:{one.id}".encode()).digest())
        return replace(self.value, options=tuple(order))

    @cached_property
    def tones(self) -> dict[int, str]:
        """The colour of each option by id: one rule for charts, votes and lists."""
        return charts.tones(self.value.options)

    @cached_property
    def drawn(self) -> charts.Drawn | None:
        """The result for the chart."""
        return charts.drawn(self.result, self.people, self.tones) if self.result else None

    @property
    def hidden_until(self) -> str:
        """Why results are not shown: `vote`, `close`, or empty where they are."""
        if self.result is not None:
            return ""
        return "vote" if self.poll.hide_results == HideResults.UNTIL_VOTE else "close"

    @property
    def cast_count(self) -> int:
        """How many have voted."""
        return self.value.cast_count

    @property
    def quorum(self) -> tuple[int, int] | None:
        """The percentage that has to vote, and how many votes are missing; None where there is no quorum."""
        percent = self.value.setting("quorum_pct")
        if not percent:
            return None
        return percent, max(0, -(-percent * self.value.voters_count // 100) - self.value.cast_count)

    @property
    def asks_reason(self) -> bool:
        """A vote may say why."""
        return self.poll.stance_reason_required != Reason.DISABLED

    @property
    def requires_reason(self) -> bool:
        """A vote must say why."""
        return self.poll.stance_reason_required == Reason.REQUIRED

    @cached_property
    def mine(self) -> VoteView | None:
        """The reader's own vote."""
        if self.stance is None or self.stance.cast_at is None:
            return None
        return vote_view(self, self.stance, self.stance.participant_id)


def vote_view(view: PollView, stance: Any, participant_id: int | None, person: Person | None = None) -> VoteView:
    """A vote (a stance, or a row of what it says) as the reader may see it."""
    ctx, poll = view.ctx, view.poll
    own = ctx.actor is not None and participant_id == ctx.actor.id
    made = VoteView(
        id=stance.id,
        person=person if results.voters_nameable(poll) else None,
        cast_at=stance.cast_at if results.voters_nameable(poll) else None,
        shown=own or view.result is not None,
        superseded=not stance.latest,
        own=own,
        poll=view,
    )
    if not made.shown:
        return made
    ballot = ballot_of(stance) or Ballot()
    plain = set(ballot.scores.values()) <= {1}
    made.choices = [
        Choice(one, ballot.scores[one.id], not plain, view.tones[one.id])
        for one in view.value.options
        if one.id in ballot.scores
    ]
    if not plain:
        made.choices = sorted(made.choices, key=lambda one: -one.score)
    made.none_of_the_above = ballot.none_of_the_above
    made.reason = richtext.to_html(stance.reason, stance.reason_format, prefix=f"s{stance.id}-")
    return made


def load(ctx: Context, polls: Sequence[Poll]) -> dict[int, PollView]:
    """Views of polls (loaded whole) by id: the same number of queries for one and for many."""
    queries.remember_stances(ctx, [poll.id for poll in polls])
    found = results.results_of(ctx, polls)
    outcomes = queries.outcomes(ctx, [poll.id for poll in polls if poll.closed_at or poll.closing_at is None])
    named = results.names_in(found.values(), charts.NAMED)
    people = {user_id: person_of(user) for user_id, user in queries.people(ctx, named).items()}
    views = {}
    for poll in polls:
        stance = queries.my_stance(ctx, poll.id)
        kind = ctx.app.plugins.poll_type(poll.poll_type)
        views[poll.id] = PollView(
            poll=poll,
            kind=kind,
            value=poll_value(ctx.app, poll),
            ctx=ctx,
            stance=stance,
            state=state_of(ctx, poll, stance),
            author=person_of(poll.author),
            result=found.get(poll.id),
            people={key: person for key, person in people.items() if person},
            outcome=outcomes.get(poll.id),
        )
    _draw_boxes(ctx, views)
    return views


def _draw_boxes(ctx: Context, views: Mapping[int, PollView]) -> None:
    """Tasks in the texts of polls and outcomes, in two queries at most."""
    texts = {poll_id: view.details for poll_id, view in views.items()}
    for poll_id, html in tasks.with_boxes(ctx, "Poll", texts, lambda one: views[one].may["edit"]).items():
        views[poll_id].details = html
    decided = {view.outcome.id: view for view in views.values() if view.outcome}
    texts = {outcome_id: view.outcome_html for outcome_id, view in decided.items()}
    for outcome_id, html in tasks.with_boxes(ctx, "Outcome", texts, lambda one: decided[one].may["decide"]).items():
        decided[outcome_id].outcome_html = html
    draw_reasons(ctx, [view.mine for view in views.values() if view.mine])


def draw_reasons(ctx: Context, votes: Sequence[VoteView]) -> None:
    """Tasks in the reasons of votes, each of whose author may tick them; in an anonymous poll there are none."""
    named = [vote for vote in votes if vote.shown and vote.poll and results.voters_nameable(vote.poll.poll)]
    drawn = tasks.with_boxes(ctx, "Stance", {vote.id: vote.reason for vote in named}, lambda _id: False)
    for vote in named:
        vote.reason = drawn[vote.id]


def one(ctx: Context, poll: Poll) -> PollView:
    """The view of a poll."""
    return load(ctx, [poll])[poll.id]


def votes(view: PollView, *, limit: int = 50, offset: int = 0) -> list[VoteView]:
    """Votes of a poll, newest first; none where results may not be seen."""
    if view.result is None:
        return []
    rows = view.ctx.db.execute(queries.votes(view.poll, limit=limit, offset=offset))
    named = results.voters_nameable(view.poll)
    made = [
        vote_view(
            view, row, row.participant_id, person_of(row, row.participant_id) if named and row.participant_id else None
        )
        for row in rows
    ]
    draw_reasons(view.ctx, made)
    return made


@dataclass(frozen=True)
class Line:
    """A poll in a list."""

    title: str
    url: str
    state: str
    kind: PollType
    closing_at: datetime | None
    closed_at: datetime | None
    opening_at: datetime | None
    voted: int
    voters: int
    group: str
    slices: Sequence[Mapping[str, Any]]


def lines(ctx: Context, polls: Iterable[Poll]) -> list[Line]:
    """Polls (loaded whole) for a list: small bars from their counters, where results may be seen."""
    kept = list(polls)
    queries.remember_stances(ctx, [poll.id for poll in kept])
    made = []
    for poll in kept:
        kind = ctx.app.plugins.poll_type(poll.poll_type)
        visible = results.results_visible(ctx, poll)
        icons = [option_value(ctx.app, option, kind).icon for option in poll.options] if visible else []
        made.append(
            Line(
                title=poll.title,
                url=path_of(poll),
                state=state_of(ctx, poll, queries.my_stance(ctx, poll.id)),
                kind=kind,
                closing_at=poll.closing_at,
                closed_at=poll.closed_at,
                opening_at=poll.opening.opening_at if poll.opening else None,
                voted=poll.voters_count - poll.undecided_voters_count,
                voters=poll.voters_count,
                group=(poll.group.full_name or poll.group.name or "") if poll.group else "",
                slices=charts.slices([int(count) for count in poll.stance_counts], icons) if visible else [],
            )
        )
    return made
