"""Look-ups of polls, votes and outcomes that are used more than once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload, selectinload

from llmio.accounts.models import User
from llmio.core.tables import Event
from llmio.discussions import queries as discussions
from llmio.discussions.models import DiscussionReader
from llmio.groups.models import Group, Membership
from llmio.groups.queries import name_starts
from llmio.polls.models import Outcome, Poll, PollOpening, PollOption, Stance, StanceReceipt
from llmio.tasks.models import Task

if TYPE_CHECKING:
    from datetime import date, datetime

    from llmio.core.context import Context

STANCES = "polls.stances"
NAMES = (User.name, User.username, User.email, User.avatar_initials, User.picture)
"""What a page shows of a person. Selected one by one: a whole user has sixty columns more."""
SAID = (
    Stance.id, Stance.poll_id, Stance.participant_id, Stance.reason, Stance.reason_format, Stance.latest, Stance.cast_at,
    Stance.option_scores, Stance.none_of_the_above,
)  # fmt: skip
"""What a page shows of a vote."""
WHOLE = (
    joinedload(Poll.author),
    joinedload(Poll.group),
    joinedload(Poll.discussion),
    joinedload(Poll.opening),
    selectinload(Poll.options),
)
"""What a page needs of a poll."""


def by_key(ctx: Context, key: str) -> Poll | None:
    """The poll with this key (or id), whole."""
    same = Poll.id == int(key) if key.isdecimal() and len(key) < 8 else Poll.key == key
    return ctx.db.scalars(select(Poll).options(*WHOLE).where(same)).one_or_none()


def by_ids(ctx: Context, ids: Iterable[int]) -> list[Poll]:
    """Polls, whole, in the order of ids."""
    return list(ctx.db.scalars(select(Poll).options(*WHOLE).where(Poll.id.in_(list(ids))).order_by(Poll.id)))


def get(ctx: Context, poll_id: int) -> Poll:
    """The poll of an id, whole; for jobs."""
    return ctx.db.scalars(select(Poll).options(*WHOLE).where(Poll.id == poll_id)).one()


# -- the actor's place in polls ------------------------------------------------------------------------------------------


def remember_stances(ctx: Context, poll_ids: Iterable[int]) -> None:
    """Load the actor's latest stances in these polls at once, revoked ones too, so that `my_stance` asks no more."""
    known: dict[int, Stance | None] = ctx.memo.setdefault(STANCES, {})
    missing = [poll_id for poll_id in poll_ids if poll_id not in known]
    if not missing:
        return
    known.update(dict.fromkeys(missing))
    if ctx.actor is None:
        return
    query = select(Stance).where(
        Stance.poll_id.in_(missing),
        Stance.participant_id == ctx.actor.id,
        Stance.latest.is_(True),
    )
    fresh = query.execution_options(populate_existing=True)  # places are given and taken by statements
    known.update({stance.poll_id: stance for stance in ctx.db.scalars(fresh)})


def my_place(ctx: Context, poll_id: int | None) -> Stance | None:
    """The actor's latest stance in a poll, also one that was revoked."""
    if poll_id is None or ctx.actor is None:
        return None
    remember_stances(ctx, [poll_id])
    found: Stance | None = ctx.memo[STANCES][poll_id]
    return found


def my_stance(ctx: Context, poll_id: int | None) -> Stance | None:
    """The actor's latest, un-revoked stance in a poll."""
    found = my_place(ctx, poll_id)
    return None if found is None or found.revoked_at is not None else found


def forget_stance(ctx: Context, poll_id: int) -> None:
    """Load the actor's stance again when next asked: it changed."""
    ctx.memo.get(STANCES, {}).pop(poll_id, None)


def my_reader(ctx: Context, discussion_id: int | None) -> DiscussionReader | None:
    """The actor's un-revoked place in a thread."""
    if discussion_id is None or ctx.actor is None:
        return None
    found = discussions.reader_of(ctx, discussion_id)
    return None if found is None or found.revoked_at is not None else found


# -- votes ---------------------------------------------------------------------------------------------------------------


def counted(poll_id: int) -> ColumnElement[bool]:
    """Stances that count in a poll: the latest of each person, not revoked."""
    return and_(Stance.poll_id == poll_id, Stance.latest.is_(True), Stance.revoked_at.is_(None))


def inviting(user_id: int) -> Select[Any]:
    """Votes that a guest may cast."""
    return (
        select(Stance.id)
        .join(Stance.poll)
        .where(
            Stance.participant_id == user_id,
            Stance.guest.is_(True),
            Stance.latest.is_(True),
            Stance.revoked_at.is_(None),
            Poll.discarded_at.is_(None),
        )
    )


def voter_ids(ctx: Context, poll_id: int, *, undecided: bool = False) -> list[int]:
    """Who may vote; with `undecided` those of them who have not."""
    query = select(Stance.participant_id).where(counted(poll_id), Stance.participant_id.is_not(None))
    if undecided:
        query = query.where(Stance.cast_at.is_(None))
    return [int(user_id) for user_id in ctx.db.scalars(query) if user_id]


def votes_with_tasks(ctx: Context, poll: Poll) -> list[int]:
    """The votes that count and have tasks in their reasons."""
    query = select(Stance.id).join(Task, and_(Task.record_type == "Stance", Task.record_id == Stance.id))
    return list(ctx.db.scalars(query.where(counted(poll.id), Task.discarded_at.is_(None)).distinct()))


def voters(
    ctx: Context, poll: Poll, *, undecided: bool = False, search: str = "", limit: int = 500, offset: int = 0
) -> list[Stance]:
    """Stances with their people, by name; with `undecided` those not cast; `search` as for members of a group."""
    query = (
        select(Stance)
        .join(Stance.participant)
        .options(contains_eager(Stance.participant))
        .where(counted(poll.id))
        .order_by(func.lower(func.coalesce(User.name, User.email)), User.id)
        .limit(limit)
        .offset(offset)
    )
    if search:
        query = query.where(name_starts(search))
    return list(ctx.db.scalars(query.where(Stance.cast_at.is_(None)) if undecided else query))


def undecided(ctx: Context, poll: Poll, *, limit: int = 500) -> Sequence[Any]:
    """Those who have not voted, by name: rows of `id` and NAMES."""
    query = (
        select(User.id, *NAMES)
        .join(Stance, Stance.participant_id == User.id)
        .where(counted(poll.id), Stance.cast_at.is_(None))
        .order_by(func.lower(func.coalesce(User.name, User.email)), User.id)
        .limit(limit)
    )
    return ctx.db.execute(query).all()


def votes(poll: Poll, *, limit: int = 50, offset: int = 0) -> Select[Any]:
    """Rows of SAID and, unless votes are anonymous, NAMES: cast votes, the newest first. Anonymous ones come in an order
    that tells nothing.
    """
    query = select(*SAID).where(counted(poll.id), Stance.cast_at.is_not(None)).limit(limit).offset(offset)
    if poll.anonymous:
        return query.order_by(func.md5(func.concat(Stance.id, poll.key)), Stance.id)
    named = query.add_columns(*NAMES).outerjoin(User, User.id == Stance.participant_id)
    return named.order_by(Stance.cast_at.desc(), Stance.id)


def people(ctx: Context, ids: Iterable[int]) -> dict[int, Any]:
    """Rows of `id` and NAMES by id, in one query."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    return {row.id: row for row in ctx.db.execute(select(User.id, *NAMES).where(User.id.in_(wanted)))}


def receipts(ctx: Context, poll: Poll) -> Sequence[Any]:
    """(user, membership or None, inviter's name, invited at, vote cast) of each voter, in no telling order.

    From the receipts of a closed anonymous poll, whose votes no longer know their voters; else from the votes themselves.
    """
    source: Any = StanceReceipt if _apart(poll) else Stance
    if _apart(poll):
        voter, asked, cast, own = source.voter_id, source.invited_at, source.vote_cast, source.poll_id == poll.id
    else:
        voter, asked, cast, own = (
            source.participant_id,
            source.created_at,
            source.cast_at.is_not(None),
            counted(poll.id),
        )
    inviter = aliased(User)
    query = (
        select(User, Membership, inviter.name, asked, cast)
        .select_from(source)
        .join(User, User.id == voter)
        .outerjoin(inviter, inviter.id == source.inviter_id)
        .outerjoin(
            Membership,
            and_(Membership.user_id == User.id, Membership.group_id == poll.group_id, Membership.revoked_at.is_(None)),
        )
        .where(own)
        .order_by(func.random())
    )
    return ctx.db.execute(query).all()


def _apart(poll: Poll) -> bool:
    return poll.anonymous and poll.closed_at is not None


# -- outcomes and events -------------------------------------------------------------------------------------------------


def outcomes(ctx: Context, poll_ids: Iterable[int]) -> dict[int, Outcome]:
    """Poll id → its latest outcome, with author."""
    query = (
        select(Outcome)
        .options(joinedload(Outcome.author))
        .where(Outcome.poll_id.in_(list(poll_ids)), Outcome.latest.is_(True))
        .order_by(Outcome.id)
    )
    return {int(outcome.poll_id): outcome for outcome in ctx.db.scalars(query) if outcome.poll_id}


def outcomes_in_thread(ctx: Context, discussion_id: int) -> Sequence[Outcome]:
    """The latest outcomes of a thread's polls."""
    polls = select(Poll.id).where(Poll.discussion_id == discussion_id, Poll.discarded_at.is_(None))
    return ctx.db.scalars(select(Outcome).where(Outcome.poll_id.in_(polls), Outcome.latest.is_(True))).all()


def polls_of_outcomes(ctx: Context, outcome_ids: Sequence[int]) -> set[int]:
    """The ids of the polls that these outcomes are of."""
    if not outcome_ids:
        return set()
    query = select(Outcome.poll_id).where(Outcome.id.in_(outcome_ids), Outcome.poll_id.is_not(None))
    return {int(poll_id) for poll_id in ctx.db.scalars(query) if poll_id}


def created_event(ctx: Context, kind: str, record_type: str, record_id: int) -> Event | None:
    """The event that tells of a record's beginning."""
    query = (
        select(Event)
        .where(Event.kind == kind, Event.eventable_type == record_type, Event.eventable_id == record_id)
        .order_by(Event.id)
        .limit(1)
    )
    return ctx.db.scalars(query).one_or_none()


def sequence_ids(ctx: Context, poll_ids: Sequence[int]) -> dict[int, int]:
    """Poll id → its place in its thread."""
    query = select(Event.eventable_id, Event.sequence_id).where(
        Event.eventable_type == "Poll",
        Event.eventable_id.in_(poll_ids),
        Event.kind == "poll_created",
        Event.sequence_id.is_not(None),
    )
    return {row[0]: row[1] for row in ctx.db.execute(query) if row[0] is not None and row[1] is not None}


# -- lists ---------------------------------------------------------------------------------------------------------------


def shown() -> ColumnElement[bool]:
    """Polls that were not discarded."""
    return Poll.discarded_at.is_(None)


def active(now: datetime) -> ColumnElement[bool]:
    """Polls in which votes can be cast."""
    return and_(shown(), Poll.closed_at.is_(None), Poll.closing_at > now)


def waiting_for(ctx: Context, user_id: int, *, limit: int = 20) -> list[Poll]:
    """Open polls that wait for a person's vote, the soonest to close first."""
    query = (
        select(Poll)
        .join(Stance, Stance.poll_id == Poll.id)
        .outerjoin(Group, Group.id == Poll.group_id)
        .options(*WHOLE)
        .where(
            Stance.participant_id == user_id,
            Stance.latest.is_(True),
            Stance.revoked_at.is_(None),
            Stance.cast_at.is_(None),
            active(ctx.now),
            or_(Poll.group_id.is_(None), Group.archived_at.is_(None)),
        )
        .order_by(Poll.closing_at, Poll.id)
        .limit(limit)
    )
    return list(ctx.db.scalars(query))


def of_group(ctx: Context, group_id: int, *, closed: bool = False, limit: int = 10, offset: int = 0) -> list[Poll]:
    """Polls of a group: the open ones by when they close, or the closed ones, last closed first."""
    query = select(Poll).options(*WHOLE).where(Poll.group_id == group_id, shown(), Poll.template.is_(False))
    if closed:
        query = query.where(Poll.closed_at.is_not(None)).order_by(Poll.closed_at.desc(), Poll.id)
    else:
        query = query.where(Poll.closed_at.is_(None)).order_by(Poll.closing_at.nulls_last(), Poll.id)
    return list(ctx.db.scalars(query.limit(limit).offset(offset)))


def of_discussion(ctx: Context, discussion_id: int) -> list[Poll]:
    """Polls of a thread in the order they were started."""
    query = select(Poll).options(*WHOLE).where(Poll.discussion_id == discussion_id, shown()).order_by(Poll.id)
    return list(ctx.db.scalars(query))


def lapsed_ids(ctx: Context, *, limit: int = 1000) -> list[int]:
    """Polls whose time is over and that nobody closed yet; the rest is for the next look."""
    query = select(Poll.id).where(Poll.closed_at.is_(None), Poll.closing_at <= ctx.now, shown())
    return list(ctx.db.scalars(query.order_by(Poll.closing_at).limit(limit)))


def due_ids(ctx: Context, *, limit: int = 1000) -> list[int]:
    """Drafts whose time to open has come; the rest is for the next look."""
    query = select(PollOpening.poll_id).where(PollOpening.opening_at <= ctx.now)
    return list(ctx.db.scalars(query.order_by(PollOpening.opening_at, PollOpening.poll_id).limit(limit)))


def reviews_due(ctx: Context, first: date, last: date) -> list[Outcome]:
    """Latest outcomes to look at again on one of these days, that nobody was told of yet."""
    told = select(Event.id).where(
        Event.kind == "outcome_review_due", Event.eventable_type == "Outcome", Event.eventable_id == Outcome.id
    )
    query = (
        select(Outcome)
        .join(Poll, Poll.id == Outcome.poll_id)
        .where(Outcome.review_on.between(first, last), Outcome.latest.is_(True), shown(), ~told.exists())
    )
    return list(ctx.db.scalars(query))


def options(ctx: Context, poll_id: int) -> list[PollOption]:
    """The options of a poll in order."""
    query = select(PollOption).where(PollOption.poll_id == poll_id).order_by(PollOption.priority, PollOption.id)
    return list(ctx.db.scalars(query))
