"""Votes: what is counted, what is refused, what a change leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from llmio.core.errors import Conflict, Invalid, NotAllowed
from llmio.core.outbox import Outbox
from llmio.core.tables import Event, Version
from llmio.plugins.polls import Ballot
from llmio.polls import queries, service
from llmio.polls.models import Stance, StanceChoice
from llmio.polls.values import HideResults, Reason


@pytest.fixture
def people(make):
    return [make.user(name) for name in ("Ada", "Ben", "Chi")]


@pytest.fixture
def group(make, people):
    return make.group(admin=people[0], members=people[1:])


@pytest.fixture
def poll(start, people, group):
    return start(people[0], group=group)


def fresh(ctx, poll):
    ctx().db.expire_all()
    return queries.get(ctx(), poll.id)


def test_every_accepted_member_gets_a_place_and_nobody_else(make, start, people, db):
    invited, bot, gone = make.user(), make.user(bot=True), make.user()
    group = make.group(admin=people[0], members=[people[1], bot])
    make.invitation(group, invited, inviter=people[0])
    make.membership(group, gone, revoked_at=people[0].created_at)
    poll = start(people[0], group=group)
    voters = set(db.scalars(select(Stance.participant_id).where(Stance.poll_id == poll.id)))
    assert voters == {people[0].id, people[1].id}
    assert (poll.voters_count, poll.undecided_voters_count) == (2, 2)


def test_a_poll_for_chosen_people_begins_with_no_voters(start, people, group):
    assert start(people[0], group=group, specified_voters_only=True).voters_count == 0


def test_a_vote_is_counted(ctx, poll, people, vote):
    vote(people[1], poll, "Agree", reason="Because **yes**.")
    vote(people[2], poll, "Disagree")
    counted = fresh(ctx, poll)
    assert counted.stance_counts == [1, 0, 1]
    assert (counted.voters_count, counted.undecided_voters_count) == (3, 1)
    agree = counted.options[0]
    assert (agree.total_score, agree.voter_count, agree.voter_scores) == (1, 1, {str(people[1].id): 1})


def test_a_vote_is_told_with_its_jobs_in_one_transaction(poll, people, vote, db):
    stance = vote(people[1], poll)
    event = db.scalars(select(Event).where(Event.eventable_type == "Stance")).one()
    assert (event.kind, event.eventable_id, event.user_id) == ("stance_created", stance.id, people[1].id)
    assert db.scalar(select(func.count()).select_from(Outbox).where(Outbox.args.contains([event.id]))) > 0


def test_a_changed_vote_counts_once(ctx, poll, people, vote, db):
    first = vote(people[1], poll, "Agree")
    second = vote(people[1], poll, "Disagree")
    assert second.id == first.id
    assert fresh(ctx, poll).stance_counts == [0, 0, 1]
    assert db.scalar(select(func.count()).select_from(StanceChoice).where(StanceChoice.stance_id == first.id)) == 1
    kinds = list(db.scalars(select(Event.kind).where(Event.eventable_type == "Stance").order_by(Event.id)))
    assert kinds == ["stance_created", "stance_updated"]
    assert db.scalars(select(Version).where(Version.item_type == "Stance")).one().object_changes["option_scores"]


@pytest.mark.parametrize(
    ("minutes", "choice", "in_thread", "anew"),
    [
        (16, "Disagree", True, True),
        (14, "Disagree", True, False),
        (16, "Agree", True, False),
        (16, "Disagree", False, False),
    ],
)
def test_a_vote_that_stood_for_long_is_told_anew_in_a_thread(
    make, start, people, group, vote, db, clock, minutes, choice, in_thread, anew
):
    discussion = make.discussion(group) if in_thread else None
    poll = start(people[0], group=group, discussion=discussion)
    first = vote(people[1], poll, "Agree", reason="At first I thought so.")
    clock.move(minutes=minutes)
    second = vote(people[1], poll, choice, reason="Now I think so.")
    assert (second.id != first.id) is anew
    latest = db.scalars(select(Stance).where(Stance.participant_id == people[1].id, Stance.latest)).one()
    assert latest.id == second.id
    assert first.latest is not anew


def test_a_vote_can_be_taken_back(ctx, poll, people, vote):
    vote(people[1], poll)
    stance = service.uncast(ctx(people[1]), fresh(ctx, poll))
    assert stance.cast_at is None
    assert fresh(ctx, poll).stance_counts == [0, 0, 0]
    with pytest.raises(Invalid):
        service.uncast(ctx(people[1]), fresh(ctx, poll))


def test_only_those_who_belong_may_vote(ctx, make, poll, start, people, group, vote):
    with pytest.raises(NotAllowed):
        vote(make.user(), poll)
    chosen = start(people[0], group=group, specified_voters_only=True)
    with pytest.raises(NotAllowed):
        vote(people[1], chosen)


def test_a_member_without_a_place_may_vote_where_all_may(make, poll, people, group, vote, ctx):
    late = make.user()
    make.membership(group, late)
    vote(late, poll)
    assert fresh(ctx, poll).voters_count == 4


def test_no_vote_is_taken_once_the_poll_is_over(poll, people, vote, clock, start, group):
    draft = start(people[0], group=group, closing_at=None)
    with pytest.raises(NotAllowed):
        vote(people[1], draft)
    clock.move(days=4)
    with pytest.raises(NotAllowed):
        vote(people[1], poll)


def test_a_vote_that_comes_while_the_poll_is_being_closed_is_refused(ctx, poll, people, db):
    context = ctx(people[1])
    seen = queries.get(context, poll.id)
    db.execute(text("UPDATE polls SET closed_at = now()"))
    with pytest.raises(Conflict):
        service.cast_vote(context, seen, ballot=Ballot({seen.options[0].id: 1}))


@pytest.mark.parametrize(
    ("required", "reason", "field"),
    [
        (Reason.REQUIRED, "", "reason"),
        (Reason.REQUIRED, "**ok!!!**", "reason"),
        (Reason.REQUIRED, "**ok!!!!**", None),
        (Reason.OPTIONAL, "", None),
        (Reason.OPTIONAL, "x" * 501, "reason"),
        (Reason.OPTIONAL, "x" * 500, None),
        (Reason.DISABLED, "x" * 501, None),
    ],
)
def test_reasons_are_as_long_as_the_author_wants(start, people, group, vote, required, reason, field):
    poll = start(people[0], group=group, stance_reason_required=required)
    if field is None:
        stance = vote(people[1], poll, reason=reason)
        assert stance.reason == (None if required == Reason.DISABLED or not reason else reason)
        return
    with pytest.raises(Invalid) as refused:
        vote(people[1], poll, reason=reason)
    assert list(refused.value.errors) == [field]


def test_an_option_of_another_poll_is_refused(ctx, start, poll, people, group):
    other = start(people[0], group=group)
    with pytest.raises(Invalid) as refused:
        service.cast_vote(ctx(people[1]), queries.get(ctx(), poll.id), ballot=Ballot({other.options[0].id: 1}))
    assert list(refused.value.errors) == ["ballot"]


@pytest.mark.parametrize(
    ("reason", "hide", "shown"),
    [
        ("I like it.", HideResults.OFF, True),
        ("", HideResults.OFF, False),
        ("I like it.", HideResults.UNTIL_CLOSED, False),
        ("I like it.", HideResults.UNTIL_VOTE, True),
    ],
)
def test_a_vote_with_a_reason_becomes_an_item_of_the_thread(make, start, people, group, vote, db, reason, hide, shown):
    poll = start(people[0], discussion=make.discussion(group), hide_results=hide)
    vote(people[1], poll, reason=reason)
    event = db.scalars(select(Event).where(Event.kind == "stance_created")).one()
    assert (event.discussion_id is not None) is shown
    parent = db.get_one(Event, event.parent_id)
    assert (parent.kind, parent.eventable_id) == ("poll_created", poll.id)


def test_a_reason_given_later_brings_the_vote_into_the_thread_once(make, start, people, group, vote, db):
    poll = start(people[0], discussion=make.discussion(group))
    vote(people[1], poll)
    vote(people[1], poll, reason="I forgot to say why.")
    vote(people[1], poll, reason="I forgot to say why: it is cheap.")
    placed = db.scalars(select(Event).where(Event.eventable_type == "Stance", Event.discussion_id.is_not(None))).all()
    assert [event.kind for event in placed] == ["stance_updated"]


def test_an_anonymous_vote_leaves_no_name(ctx, start, people, group, vote, db):
    poll = start(people[0], group=group, anonymous=True)
    vote(people[1], poll, "Agree")
    vote(people[1], poll, "Disagree", reason="On second thought.")
    events = db.scalars(select(Event).where(Event.eventable_type == "Stance")).all()
    assert [event.user_id for event in events] == [None, None]
    assert [option.voter_scores for option in fresh(ctx, poll).options] == [{}, {}, {}]
    assert db.scalars(select(Version).where(Version.item_type == "Stance")).all() == []


def test_a_vote_takes_few_statements_however_many_voters(ctx, make, start, queries_at, people):
    counts = {}
    for size in (1, 30):
        group = make.group(admin=people[0], members=[make.user() for _ in range(size)])
        poll = start(people[0], group=group)
        counts[size] = queries_at(people[0], poll)
    assert counts[1] == counts[30] <= 16


@pytest.fixture
def queries_at(ctx, queries, db):
    from llmio.polls import queries as polls

    def count(user, poll):
        context = ctx(user)
        db.expire_all()
        with queries() as sent:
            whole = polls.get(context, poll.id)
            service.cast_vote(context, whole, ballot=Ballot({whole.options[0].id: 1}), reason="Since it counts.")
        return sent.count

    return count


def test_votes_of_the_last_moment_are_told_apart(poll, people, vote, clock):
    clock.set(poll.closing_at - timedelta(seconds=1))
    assert vote(people[1], poll).cast_at == clock.now()
    clock.move(seconds=1)
    with pytest.raises(NotAllowed):
        vote(people[2], poll)
