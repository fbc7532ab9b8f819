"""The life of a poll beside voting: closing, reopening, reminding, members who come and go, outcomes, edits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from llmio.core.errors import Conflict, Invalid, NotAllowed
from llmio.core.outbox import Outbox
from llmio.core.tables import Event, Version
from llmio.groups import membership as members
from llmio.polls import jobs, queries, service
from llmio.polls.models import Outcome, Poll, Stance
from llmio.polls.values import ClosingSoon, PollInput


@pytest.fixture
def people(make):
    return [make.user(name) for name in ("Ada", "Ben", "Chi")]


@pytest.fixture
def group(make, people):
    return make.group(admin=people[0], members=people[1:])


@pytest.fixture
def poll(start, people, group):
    return start(people[0], group=group)


def kinds_of(db, record_type="Poll"):
    return list(db.scalars(select(Event.kind).where(Event.eventable_type == record_type).order_by(Event.id)))


def recipients(db, kind):
    event = db.scalars(select(Event).where(Event.kind == kind)).one()
    return set(event.custom_fields.get("recipient_user_ids", []))


def run(app, name, *args):
    with app.begin() as ctx:
        app.jobs[name].run(ctx, *args)


def test_a_poll_closes_by_itself_once(app, db, poll, clock, run_jobs):
    clock.set(poll.closing_at - timedelta(seconds=1))
    run(app, "polls.close_expired")
    run_jobs()
    assert poll.closed_at is None
    clock.move(seconds=1)
    run(app, "polls.close_expired")
    run(app, "polls.close_expired")
    run_jobs()
    assert poll.closed_at == clock.now()
    assert kinds_of(db) == ["poll_created", "poll_expired"]
    assert recipients(db, "poll_expired") == {poll.author_id}


def test_drafts_and_discarded_polls_do_not_expire(app, ctx, db, start, people, group, clock, run_jobs):
    draft = start(people[0], group=group, closing_at=None)
    gone = start(people[0], group=group)
    service.discard_poll(ctx(people[0]), gone)
    clock.move(days=9)
    run(app, "polls.close_expired")
    run_jobs()
    assert (draft.closed_at, gone.closed_at) == (None, None)


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (ClosingSoon.NOBODY, None),
        (ClosingSoon.AUTHOR, {"Ada"}),
        (ClosingSoon.UNDECIDED_VOTERS, {"Ada", "Chi"}),
        (ClosingSoon.VOTERS, {"Ada", "Ben", "Chi"}),
    ],
)
def test_those_the_author_chose_hear_a_day_before(app, db, start, vote, people, group, clock, wish, told):
    poll = start(people[0], group=group, notify_on_closing_soon=wish)
    vote(people[1], poll)
    clock.set(poll.closing_at - timedelta(hours=25, seconds=1))
    run(app, "polls.closing_soon")
    assert "poll_closing_soon" not in kinds_of(db)
    clock.set(poll.closing_at - timedelta(hours=24, minutes=30))
    run(app, "polls.closing_soon")
    clock.move(minutes=10)
    run(app, "polls.closing_soon")
    assert kinds_of(db).count("poll_closing_soon") == (told is not None)
    if told:
        assert recipients(db, "poll_closing_soon") == {one.id for one in people if one.name in told}


def test_closing_by_hand_is_for_those_who_lead(ctx, poll, people, db):
    with pytest.raises(NotAllowed):
        service.close_poll(ctx(people[1]), poll)
    service.close_poll(ctx(people[0]), poll)
    assert kinds_of(db)[-1] == "poll_closed_by_user"
    with pytest.raises(NotAllowed):
        service.close_poll(ctx(people[0]), poll)


def test_a_closed_poll_is_opened_again_with_its_votes(ctx, poll, people, vote, db, clock):
    vote(people[1], poll)
    service.close_poll(ctx(people[0]), poll)
    clock.set(clock.now())
    with pytest.raises(Invalid):
        service.reopen_poll(ctx(people[0]), poll, closing_at=clock.now())
    service.reopen_poll(ctx(people[0]), poll, closing_at=clock.now() + timedelta(days=1))
    assert kinds_of(db)[-1] == "poll_reopened"
    vote(people[1], poll, "Disagree")
    assert queries.get(ctx(), poll.id).stance_counts == [0, 0, 1]


def test_an_anonymous_poll_stays_closed(ctx, start, people, group, clock):
    poll = start(people[0], group=group, anonymous=True)
    service.close_poll(ctx(people[0]), poll)
    with pytest.raises(NotAllowed):
        service.reopen_poll(ctx(people[0]), poll, closing_at=clock.now() + timedelta(days=1))


def test_reminders_go_to_those_who_have_not_voted(ctx, poll, people, vote, db):
    vote(people[1], poll)
    assert set(service.remind(ctx(people[0]), poll, message="Friday!")) == {people[0].id, people[2].id}
    event = db.scalars(select(Event).where(Event.kind == "poll_reminder")).one()
    assert event.custom_fields["recipient_message"] == "Friday!"


def test_reminders_go_to_chosen_voters_and_to_nobody_else(ctx, make, poll, people):
    stranger = make.user()
    assert service.remind(ctx(people[0]), poll, user_ids=[people[2].id, stranger.id]) == [people[2].id]
    with pytest.raises(Invalid):
        service.remind(ctx(people[0]), poll, user_ids=[stranger.id])
    with pytest.raises(NotAllowed):
        service.remind(ctx(people[1]), poll)


def test_who_joins_later_may_vote_and_who_leaves_may_not(ctx, make, group, poll, people, vote, run_jobs, db):
    vote(people[1], poll)
    newcomer = make.user()
    invitation = make.invitation(group, newcomer, inviter=people[0])
    members.accept(ctx(newcomer), invitation)
    run_jobs()
    assert queries.get(ctx(), poll.id).voters_count == 4
    own = db.scalars(select(members.Membership).where(members.Membership.user_id == people[1].id)).one()
    members.revoke(ctx(people[1]), own)
    run_jobs()
    fresh = queries.get(ctx(), poll.id)
    assert (fresh.voters_count, fresh.stance_counts) == (3, [0, 0, 0])


def test_members_who_join_get_no_place_in_polls_for_chosen_people_or_closed_ones(
    ctx, make, start, group, poll, people, run_jobs
):
    chosen = start(people[0], group=group, specified_voters_only=True)
    service.close_poll(ctx(people[0]), poll)
    newcomer = make.user()
    members.accept(ctx(newcomer), make.invitation(group, newcomer, inviter=people[0]))
    run_jobs()
    assert queries.get(ctx(), chosen.id).voters_count == 0
    assert queries.get(ctx(), poll.id).voters_count == 3


def test_guests_are_asked_by_address(ctx, poll, people, db):
    new = service.add_voters(ctx(people[0]), poll, emails=["guest@example.org"], message="Please help us.")
    stance = db.scalars(select(Stance).where(Stance.participant_id.in_(new))).one()
    assert stance.guest
    assert stance.token
    assert stance.cast_at is None
    assert recipients(db, "poll_announced") == set(new)
    assert queries.get(ctx(), poll.id).voters_count == 4
    assert service.add_voters(ctx(people[0]), poll, emails=["guest@example.org"]) == []


def test_people_who_are_no_members_cannot_be_asked_by_id(ctx, make, poll, people):
    with pytest.raises(Invalid):
        service.add_voters(ctx(people[0]), poll, user_ids=[make.user().id])


def test_a_voter_taken_out_counts_no_more_and_comes_back_when_asked_again(ctx, poll, people, vote, db):
    stance = vote(people[1], poll)
    service.remove_voter(ctx(people[0]), poll, stance)
    assert queries.get(ctx(), poll.id).stance_counts == [0, 0, 0]
    service.add_voters(ctx(people[0]), poll, user_ids=[people[1].id])
    assert queries.get(ctx(), poll.id).stance_counts == [1, 0, 0]
    assert db.scalar(select(func.count()).select_from(Stance).where(Stance.participant_id == people[1].id)) == 1


def test_a_member_taken_out_cannot_vote_though_everyone_may(ctx, poll, people, vote):
    service.remove_voter(ctx(people[0]), poll, vote(people[1], poll))
    with pytest.raises(NotAllowed):
        vote(people[1], poll, "Disagree")
    service.add_voters(ctx(people[0]), poll, user_ids=[people[1].id])
    vote(people[1], poll, "Disagree")
    assert queries.get(ctx(), poll.id).stance_counts == [0, 0, 1]


def test_a_member_whose_place_was_lost_votes_in_it_again(ctx, poll, people, vote, db):
    stance = vote(people[1], poll)
    stance.revoked_at = stance.cast_at  # as after a dump that was taken halfway
    db.flush()
    vote(people[1], poll, "Disagree")
    assert queries.get(ctx(), poll.id).stance_counts == [0, 0, 1]


def test_an_outcome_waits_for_the_end_and_replaces_the_one_before(ctx, poll, people, db, clock):
    with pytest.raises(NotAllowed):
        service.publish_outcome(ctx(people[0]), poll, statement="Yes.")
    service.close_poll(ctx(people[0]), poll)
    first = service.publish_outcome(ctx(people[0]), poll, statement="Yes.")
    second = service.publish_outcome(ctx(people[0]), poll, statement="Yes, in May.", notify=True)
    db.refresh(first)
    assert (first.latest, second.latest) == (False, True)
    assert recipients_of_last(db) == {people[1].id, people[2].id}


def recipients_of_last(db):
    event = db.scalars(select(Event).where(Event.kind == "outcome_created").order_by(Event.id.desc())).first()
    return set(event.custom_fields["recipient_user_ids"])


@pytest.mark.parametrize("wrong", [{"statement": " "}, {"review_on": -1}, {"poll_option_id": 0}])
def test_an_outcome_that_cannot_be_is_refused(ctx, poll, people, wrong, clock):
    service.close_poll(ctx(people[0]), poll)
    if "review_on" in wrong:
        wrong = {"review_on": (clock.now() - timedelta(days=1)).date()}
    with pytest.raises(Invalid) as refused:
        service.publish_outcome(ctx(people[0]), poll, **{"statement": "Yes.", **wrong})
    assert list(refused.value.errors) == list(wrong)


def test_the_author_of_an_outcome_hears_once_on_the_day_of_review(app, ctx, poll, people, db, clock):
    service.close_poll(ctx(people[0]), poll)
    day = (clock.now() + timedelta(days=10)).date()
    outcome = service.publish_outcome(ctx(people[0]), poll, statement="Try it.", review_on=day)
    run(app, "polls.outcome_review_due")
    assert "outcome_review_due" not in kinds_of(db, "Outcome")
    clock.move(days=10)
    run(app, "polls.outcome_review_due")
    run(app, "polls.outcome_review_due")
    assert kinds_of(db, "Outcome").count("outcome_review_due") == 1
    assert recipients(db, "outcome_review_due") == {outcome.author_id}


def test_an_edited_outcome_keeps_its_history(ctx, poll, people, db):
    service.close_poll(ctx(people[0]), poll)
    outcome = service.publish_outcome(ctx(people[0]), poll, statement="Yes.")
    service.update_outcome(ctx(people[0]), outcome, statement="Yes, in May.")
    version = db.scalars(select(Version).where(Version.item_type == "Outcome")).one()
    assert version.object_changes["statement"] == ["Yes.", "Yes, in May."]
    assert db.scalar(select(func.count()).select_from(Outcome)) == 1


def test_an_edit_with_a_message_is_told_in_the_thread(ctx, make, start, people, group, db):
    poll = start(people[0], discussion=make.discussion(group))
    values = service.input_of(ctx(people[0]), queries.get(ctx(), poll.id))
    service.update_poll(ctx(people[0]), poll, values=values)
    service.update_poll(ctx(people[0]), poll, values=values, message="I clarified option two.")
    edits = db.scalars(select(Event).where(Event.kind == "poll_edited").order_by(Event.id)).all()
    assert [event.discussion_id is not None for event in edits] == [False, True]


def test_a_stale_edit_of_a_closed_poll_is_refused(ctx, poll, people, db):
    values = service.input_of(ctx(people[0]), poll)
    stale = queries.get(ctx(), poll.id)
    db.execute(Poll.__table__.update().values(closed_at=ctx().now))
    with pytest.raises((Conflict, NotAllowed)):
        service.update_poll(ctx(people[0]), stale, values=values)


def test_telling_everyone_leaves_the_author_out(start, people, group, db):
    start(people[0], group=group, notify=True)
    assert recipients(db, "poll_created") == {people[1].id, people[2].id}


def test_telling_nobody_is_possible(start, people, group, db):
    start(people[0], group=group)
    assert recipients(db, "poll_created") == set()


def test_unknown_kinds_and_settings_are_refused(start, people, group):
    with pytest.raises(Invalid):
        start(people[0], "no_such_kind", group=group)
    with pytest.raises(Invalid):
        start(people[0], group=group, settings={"nonsense": 1})


def test_all_jobs_are_registered(app):
    assert {job.name for job in jobs.JOBS} <= set(app.jobs)


def test_a_start_that_is_refused_leaves_nothing(ctx, people, group, db):
    waiting = db.scalar(select(func.count()).select_from(Outbox))
    with pytest.raises(Invalid):
        service.create_poll(ctx(people[0]), poll_type="proposal", values=PollInput("x"), group=group)
    assert db.scalar(select(func.count()).select_from(Outbox)) == waiting
