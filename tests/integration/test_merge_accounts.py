"""Merging two accounts of one person: nothing is lost, nothing is there twice, nothing names the old one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from llmio.accounts.models import User
from llmio.core.errors import Conflict, Invalid, NotAllowed
from llmio.core.permissions import Permission
from llmio.discussions.models import DiscussionReader, Reaction
from llmio.groups.models import Membership
from llmio.migrations import facts
from llmio.polls import outcome_guests
from llmio.polls import service as polls
from llmio.polls.models import PollOption, Stance
from llmio.upkeep.people import ELSEWHERE, PERSON_COLUMNS, TYPED_COLUMNS
from llmio.upkeep.service import merge


@pytest.fixture
def old(make):
    return make.user(name="Ada Old", email="old@example.org")


@pytest.fixture
def new(make):
    return make.user(name="Ada New", email="new@example.org")


@pytest.fixture
def merged(app, db, old, new, run_jobs):
    """`merged()`: the old account into the new one, as the job does it."""

    def done():
        db.flush()
        with app.begin() as ctx:
            app.jobs["upkeep.merge_users"].run(ctx, old.id, new.id)
        run_jobs()
        db.expire_all()

    return done


def named(db, user_id):
    """(table, column) of every row that still names a person."""
    count = "SELECT count(*) FROM public.{} WHERE {} = :id"
    places = [(table, column) for table, columns in PERSON_COLUMNS.items() for column in columns]
    return [place for place in places if db.scalar(text(count.format(*place)), {"id": user_id})]


def test_what_hung_on_the_old_account_hangs_on_the_new(db, make, old, new, merged, mailbox):
    group = make.group(admin=make.user(), members=[old])
    thread = make.discussion(group, author=old)
    comment = make.comment(thread, author=old)
    poll = make.poll(discussion=thread, author=old)
    make.stance(poll, old, choices={"agree": 1})
    make.outcome(poll, author=old)
    make.reaction(comment, user=old)
    make.reader(thread, old)
    merged()
    assert named(db, old.id) == []
    assert (thread.author_id, comment.user_id, poll.author_id) == (new.id, new.id, new.id)
    assert db.scalar(select(Membership.admin).where(Membership.user_id == new.id)) is False
    option = db.scalars(select(PollOption).where(PollOption.poll_id == poll.id, PollOption.name == "agree")).one()
    assert option.voter_scores == {str(new.id): 1}
    assert (old.email, old.name) == (None, None)
    assert old.deactivated_at is not None
    assert (new.email, new.name) == ("new@example.org", "Ada New")
    assert mailbox.addresses() == ["new@example.org"]


def test_in_a_group_of_both_one_place_is_kept_with_the_rights_of_both(db, make, old, new, merged):
    group = make.group(admin=old, members=[new])
    others = make.group(admin=make.user(), members=[new])
    merged()
    places = db.scalars(select(Membership).where(Membership.user_id == new.id).order_by(Membership.group_id)).all()
    assert [(one.group_id, one.admin, one.revoked_at) for one in places] == [
        (group.id, True, None),
        (others.id, False, None),
    ]
    assert (group.memberships_count, group.admin_memberships_count) == (1, 1)


def test_a_place_that_was_revoked_comes_back_only_by_the_other_account(db, make, old, new, merged):
    gone = datetime(2026, 1, 1, tzinfo=UTC)
    both_left, one_left = make.group(), make.group()
    for user in (old, new):
        make.membership(both_left, user, revoked_at=gone, admin=True)
    make.membership(one_left, old)
    make.membership(one_left, new, revoked_at=gone, admin=True)
    merged()
    held = {
        one.group_id: (one.revoked_at, one.admin)
        for one in db.scalars(select(Membership).where(Membership.user_id == new.id))
    }
    assert held == {both_left.id: (gone, False), one_left.id: (None, False)}


@pytest.mark.parametrize(("old_first", "counted"), [(True, "disagree"), (False, "agree")])
def test_of_two_votes_in_a_poll_the_later_counts_once(db, make, old, new, merged, old_first, counted):
    poll = make.poll(voters=[])
    early = datetime(2026, 1, 1, tzinfo=UTC)
    late = early + timedelta(days=1)
    make.stance(poll, old, choices={"agree": 1}, cast_at=early if old_first else late)
    make.stance(poll, new, choices={"disagree": 1}, cast_at=late if old_first else early)
    merged()
    assert poll.voters_count == 1
    latest = db.scalars(select(Stance).where(Stance.poll_id == poll.id, Stance.latest)).one()
    options = {one.id: one.name for one in db.scalars(select(PollOption).where(PollOption.poll_id == poll.id))}
    assert [options[int(key)] for key in latest.option_scores] == [counted]
    votes = {one.name: one.voter_count for one in db.scalars(select(PollOption).where(PollOption.poll_id == poll.id))}
    assert votes[counted] == 1
    assert sum(votes.values()) == 1


def test_a_vote_that_was_cast_wins_over_a_place_that_was_not_used(db, make, old, new, merged):
    poll = make.poll(voters=[new])
    make.stance(poll, old, choices={"agree": 1}, cast_at=datetime(2020, 1, 1, tzinfo=UTC))
    merged()
    assert (poll.voters_count, poll.undecided_voters_count) == (1, 0)


def test_what_either_read_is_read_and_reactions_are_not_doubled(db, make, old, new, merged):
    thread = make.discussion(make.group(admin=make.user(), members=[old, new]))
    comment = make.comment(thread)
    for user in (old, new):
        make.reaction(comment, user=user)
    make.reader(thread, old, read_ranges_string="1-2,5-5", guest=True, participating=True)
    make.reader(thread, new, read_ranges_string="2-3")
    merged()
    reader = db.scalars(select(DiscussionReader).where(DiscussionReader.discussion_id == thread.id)).one()
    assert (reader.user_id, reader.read_ranges_string, reader.participating) == (new.id, "1-3,5-5", True)
    assert db.scalar(select(func.count()).select_from(Reaction)) == 1


def test_a_second_run_changes_nothing(db, make, old, new, merged, mailbox):
    make.group(admin=old)
    merged()
    merged()
    assert len(mailbox.mails) == 1
    assert db.get(User, new.id).email == "new@example.org"


def test_a_third_account_is_left_alone(db, make, old, new, merged):
    ben = make.user(name="Ben")
    thread = make.discussion(make.group(admin=ben, members=[old, new]), author=ben)
    poll = make.poll(discussion=thread, author=ben)
    make.stance(poll, ben, choices={"agree": 1})
    before = named(db, ben.id)
    merged()
    assert named(db, ben.id) == before
    assert (ben.name, poll.voters_count) == ("Ben", 1)


def test_who_may_ask_for_a_merge(ctx, make, old, new, db):
    with pytest.raises(NotAllowed):
        merge.merge_users(ctx(make.user()), old, new)
    with pytest.raises(Invalid):
        merge.merge_users(ctx(new), new, new)
    merge.merge_users(ctx(make.admin_of_site()), old, new)
    old.email = None
    with pytest.raises(Conflict):
        merge.merge_users(ctx(new), old, new)


def test_every_column_of_the_schema_that_names_a_person_is_known():
    people = {
        "author_id", "user_id", "creator_id", "inviter_id", "revoker_id", "actor_id", "participant_id", "voter_id",
        "discarded_by", "responder_id", "requestor_id", "doer_id", "closer_id", "deactivator_id", "owner_id",
        "whodunnit", "resource_owner_id",
    }  # fmt: skip
    wanted = {place for place in facts.reference().columns if place[1] in people}
    known = {(table, column) for table, columns in PERSON_COLUMNS.items() for column in columns}
    known |= {(table, column) for table, (_kind, column) in TYPED_COLUMNS.items()} | ELSEWHERE
    assert wanted == known


def test_a_closed_poll_in_which_both_voted_keeps_its_result(db, make, old, new, merged):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    closed, alone = make.poll(voters=[], closed_at=at), make.poll(voters=[], closed_at=at)
    make.stance(closed, old, choices={"agree": 1}, cast_at=at)
    make.stance(closed, new, choices={"disagree": 1}, cast_at=at)
    make.stance(alone, old, choices={"agree": 1}, cast_at=at)
    merged()
    merged()
    votes = {one.name: one.voter_count for one in db.scalars(select(PollOption).where(PollOption.poll_id == closed.id))}
    assert (closed.voters_count, votes["agree"], votes["disagree"]) == (2, 1, 1)
    holders = db.scalars(select(Stance.participant_id).where(Stance.poll_id == closed.id, Stance.latest))
    assert set(holders) == {old.id, new.id}, "the second vote stays where it was, by an account without a name"
    assert db.scalar(select(Stance.participant_id).where(Stance.poll_id == alone.id)) == new.id


def test_who_was_sent_an_outcome_outside_is_its_guest_by_the_new_account(db, make, ctx, old, new, merged):
    ada, other = make.user(), make.user()
    poll = make.poll(group=make.group(admin=ada), author=ada, closed_at=datetime.now(UTC))
    outcome = make.outcome(poll, author=ada)
    polls.share_outcome(ctx(ada), outcome, emails=f"{old.email} {other.email}")
    merged()
    assert outcome_guests.guest_ids(ctx(ada), [outcome.id]) == {new.id, other.id}
    assert ctx(new).can(Permission.POLL_SHOW, poll)
