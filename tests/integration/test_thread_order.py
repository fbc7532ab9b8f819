"""Threads put in order, items moved between them, and rows without parents removed."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from llmio.core.errors import Conflict, Invalid, NotAllowed
from llmio.core.tables import Event
from llmio.discussions import service
from llmio.discussions.models import Comment, Discussion, DiscussionReader
from llmio.groups.models import Membership, Subscription
from llmio.polls.models import Poll, PollOption, Stance
from llmio.upkeep.service import moving, orphans, repair

PLACE = ("sequence_id", "parent_id", "position", "position_key", "depth", "child_count", "descendant_count")


@pytest.fixture
def ada(make):
    return make.user(name="Ada")


@pytest.fixture
def group(make, ada):
    return make.group(admin=ada)


@pytest.fixture
def thread(ctx, make, ada, group):
    """A thread that grew by its services: replies, replies to replies, a poll with a vote and an outcome."""
    thread = make.discussion(group, author=ada, max_depth=2)
    first = service.add_comment(ctx(ada), thread, body="1")
    reply = service.add_comment(ctx(ada), thread, body="1.1", parent=("Comment", first.id))
    service.add_comment(ctx(ada), thread, body="1.2", parent=("Comment", reply.id))
    service.add_comment(ctx(ada), thread, body="2")
    poll = make.poll(discussion=thread, author=ada)
    outcome = make.outcome(poll, author=ada)
    make.comment(thread, author=ada, parent=outcome, body="to the outcome")
    return thread


def order(db, thread):
    db.flush()
    db.expire_all()
    query = select(Event).where(Event.discussion_id == thread.id).order_by(Event.sequence_id, Event.id)
    root = select(Event).where(Event.eventable_type == "Discussion", Event.eventable_id == thread.id)
    rows = [db.scalars(root).first(), *db.scalars(query)]
    return [{"id": one.id, **{name: getattr(one, name) for name in PLACE}} for one in rows]


def test_what_the_services_wrote_is_in_order_already(ctx, db, thread):
    before = order(db, thread)
    assert len(before) == 8
    assert repair.repair_thread(ctx(), thread) is False
    assert order(db, thread) == before


@pytest.mark.parametrize("seed", range(5))
def test_a_thread_that_was_shaken_is_put_in_order(ctx, db, thread, seed):
    before, counters = order(db, thread), (thread.items_count, thread.ranges_string, thread.last_sequence_id)
    rng = random.Random(seed)
    for row in before[1:]:
        wrong = {"position": rng.randrange(90), "depth": rng.randrange(9), "child_count": 77, "parent_id": rng.choice([None, before[3]["id"]]), "position_key": None}  # fmt: skip
        db.execute(update(Event).where(Event.id == row["id"]).values(**wrong))
    db.execute(
        update(Discussion).where(Discussion.id == thread.id).values(items_count=3, ranges_string="", last_sequence_id=1)
    )
    db.expire_all()
    assert repair.repair_thread(ctx(), thread) is True
    assert order(db, thread) == before
    assert (thread.items_count, thread.ranges_string, thread.last_sequence_id) == counters
    assert repair.repair_thread(ctx(), thread) is False


def test_items_without_a_number_get_the_next_ones_and_new_items_come_after(ctx, db, thread, ada):
    last = order(db, thread)[-1]
    db.execute(update(Event).where(Event.id == last["id"]).values(sequence_id=None))
    db.expire_all()
    repair.repair_thread(ctx(), thread)
    assert order(db, thread)[-1]["sequence_id"] == last["sequence_id"]
    comment = service.add_comment(ctx(ada), thread, body="next")
    event = db.scalars(select(Event).where(Event.eventable_type == "Comment", Event.eventable_id == comment.id)).one()
    assert (event.sequence_id, event.position) == (last["sequence_id"] + 1, 4)


@pytest.mark.parametrize("max_depth", [1, 2, 3])
def test_a_thread_without_root_and_circles_of_replies(ctx, db, make, ada, group, max_depth):
    thread = make.discussion(group, author=ada, max_depth=max_depth)
    one = make.comment(thread, author=ada)
    two = make.comment(thread, author=ada, parent=one)
    own = make.comment(thread, author=ada)
    for answer, answered in ((one, two), (own, own)):
        answer.parent_type, answer.parent_id = "Comment", answered.id
    db.execute(text("DELETE FROM events WHERE eventable_type = 'Discussion' AND eventable_id = :id"), {"id": thread.id})
    db.execute(text("UPDATE events SET depth = 9, position_key = NULL WHERE discussion_id = :id"), {"id": thread.id})
    db.flush()
    repair.repair_thread(ctx(), thread)
    rows = order(db, thread)
    keys = ["00001", "00002", "00003"] if max_depth == 1 else ["00001", "00001-00001", "00002"]
    assert sorted(row["position_key"] for row in rows[1:]) == keys
    assert [row["depth"] for row in rows] == [0, *(row["position_key"].count("-") + 1 for row in rows[1:])]
    assert rows[0]["descendant_count"] == 3
    assert repair.repair_thread(ctx(), thread) is False


@pytest.mark.parametrize("second", [False, True])
def test_a_thread_hangs_from_the_event_that_is_no_item_of_it(ctx, db, thread, second):
    before = order(db, thread)
    if second:
        copied = "kind, eventable_type, eventable_id, created_at, updated_at, discussion_id"
        copy = f"INSERT INTO events ({copied}) SELECT {copied.removesuffix('discussion_id')} :thread FROM events WHERE id = :id"
        db.execute(text(copy), {"thread": thread.id, "id": before[0]["id"]})
    else:
        db.execute(
            text("UPDATE events SET discussion_id = :thread WHERE id = :id"),
            {"thread": thread.id, "id": before[0]["id"]},
        )
    assert repair.repair_thread(ctx(), thread) is True
    roots = db.execute(text("SELECT id FROM events WHERE kind = 'new_discussion' AND discussion_id IS NULL")).all()
    assert (before[0]["id"],) in roots
    hanging = {row["id"] for row in order(db, thread) if row["parent_id"] == before[0]["id"]}
    assert len(hanging) == 3 + second
    assert repair.repair_thread(ctx(), thread) is False


def test_nobody_has_read_what_is_not_there(ctx, db, make, thread):
    reader = make.reader(thread, make.user(), read_ranges_string="1-3,7-90")
    repair.repair_thread(ctx(), thread)
    assert reader.read_ranges_string == "1-3,7-7"


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(answers=st.lists(st.integers(0, 100), max_size=12), max_depth=st.integers(1, 3))
def test_repair_agrees_with_the_order_in_which_comments_are_written(ctx, db, make, ada, group, answers, max_depth):
    thread = make.discussion(group, author=ada, max_depth=max_depth)
    written = []
    for answer in answers:
        parent = written[answer % len(written)] if written and answer % 3 else None
        where = {"parent": ("Comment", parent.id)} if parent else {}
        written.append(service.add_comment(ctx(ada), thread, body="x", **where))
    before = order(db, thread)
    db.execute(update(Event).where(Event.discussion_id == thread.id).values(position=0, parent_id=None, depth=0))
    db.expire_all()
    repair.repair_thread(ctx(), thread)
    assert order(db, thread) == before


def event_of(db, record):
    query = select(Event).where(Event.eventable_type == type(record).__name__, Event.eventable_id == record.id)
    return db.scalars(query.order_by(Event.id)).first()


def test_a_comment_moves_with_its_replies(ctx, db, make, ada, group, thread, run_jobs, commit):
    target = make.discussion(group, author=ada)
    make.comment(target, author=ada)
    first = db.scalars(select(Comment).where(Comment.body == "1")).one()
    moving.ask_to_move(ctx(ada), thread, target, event_ids=[event_of(db, first).id])
    commit()
    run_jobs()
    there = db.scalars(select(Comment.body).where(Comment.discussion_id == target.id).order_by(Comment.id)).all()
    assert there[:3] == ["1", "1.1", "1.2"]
    assert (first.parent_type, first.parent_id) == ("Discussion", target.id)
    assert [row["sequence_id"] for row in order(db, target)] == [None, 1, 2, 3, 4]
    assert (target.items_count, target.ranges_string) == (4, "1-4")
    assert (thread.items_count, thread.ranges_string) == (4, "4-7")
    assert repair.repair_thread(ctx(), target) is False
    assert repair.repair_thread(ctx(), thread) is False


def test_a_reply_that_moves_alone_answers_the_other_thread(ctx, db, make, ada, group, thread, app):
    target = make.discussion(group, author=ada)
    reply = db.scalars(select(Comment).where(Comment.body == "1.2")).one()
    moving.move(ctx(ada), thread, target, event_ids=[event_of(db, reply).id])
    assert (reply.parent_type, reply.parent_id, reply.discussion_id) == ("Discussion", target.id, target.id)


def test_a_poll_moves_with_votes_outcome_and_what_answers_them(ctx, db, make, ada, thread):
    other = make.group(admin=ada)
    target = make.discussion(other, author=ada)
    poll = db.scalars(select(Poll).where(Poll.discussion_id == thread.id)).one()
    moving.move(ctx(ada), thread, target, event_ids=[event_of(db, poll).id])
    db.expire_all()
    assert (poll.discussion_id, poll.group_id) == (target.id, other.id)
    kinds = db.scalars(select(Event.kind).where(Event.discussion_id == target.id).order_by(Event.sequence_id)).all()
    assert kinds == ["poll_created", "outcome_created", "new_comment"]
    answer = db.scalars(select(Comment).where(Comment.body == "to the outcome")).one()
    assert (answer.discussion_id, answer.parent_type) == (target.id, "Outcome")


def test_moving_twice_moves_once(ctx, db, make, ada, group, thread):
    target = make.discussion(group, author=ada)
    first = db.scalars(select(Comment).where(Comment.body == "1")).one()
    ids = [event_of(db, first).id]
    assert len(moving.move(ctx(ada), thread, target, event_ids=ids)) == 3
    before = order(db, target)
    assert moving.move(ctx(ada), thread, target, event_ids=ids) == []
    assert order(db, target) == before


def test_who_may_move_what_where(ctx, db, make, ada, group, thread):
    target = make.discussion(group, author=ada)
    elsewhere = make.discussion(make.group())
    first = event_of(db, db.scalars(select(Comment).where(Comment.body == "1")).one())
    stranger = event_of(db, make.comment(elsewhere))
    with pytest.raises(NotAllowed):
        moving.ask_to_move(ctx(make.user()), thread, target, event_ids=[first.id])
    with pytest.raises(NotAllowed):
        moving.ask_to_move(ctx(ada), thread, elsewhere, event_ids=[first.id])
    for ids in ([], [stranger.id], [10**8]):
        with pytest.raises(Invalid):
            moving.ask_to_move(ctx(ada), thread, target, event_ids=ids)
    with pytest.raises(Invalid):
        moving.ask_to_move(ctx(ada), thread, thread, event_ids=[first.id])
    target.closed_at = ctx().now
    with pytest.raises((Conflict, NotAllowed)):
        moving.ask_to_move(ctx(ada), thread, target, event_ids=[first.id])


def test_rows_without_parents_go_and_all_others_stay(ctx, db, make, ada, thread, app, run_jobs):
    def held():
        db.flush()
        tables = (Comment, Event, Poll, PollOption, Stance, Membership, DiscussionReader, Discussion, Subscription)
        return {one.__name__: db.scalar(select(func.count()).select_from(one)) for one in tables}

    poll = db.scalars(select(Poll).where(Poll.discussion_id == thread.id)).one()
    make.stance(poll, ada, choices={"agree": 1})
    before = held()
    gone = 9_000_000
    db.add_all([
        Comment(discussion_id=gone, user_id=ada.id, parent_type="Discussion", parent_id=gone, body="x"),
        Event(kind="new_comment", eventable_type="Comment", eventable_id=gone, discussion_id=gone),
        Event(kind="new_comment", eventable_type="Comment", eventable_id=gone, discussion_id=thread.id, sequence_id=99),
        Membership(group_id=gone, user_id=ada.id),
        DiscussionReader(discussion_id=gone, user_id=ada.id),
        PollOption(poll_id=gone, name="x"),
        Stance(poll_id=gone, participant_id=ada.id),
        Discussion(title="x", group_id=gone, author_id=ada.id, key="gone"),
        Subscription(),
    ])  # fmt: skip
    db.flush()
    with app.begin() as context:
        app.jobs["upkeep.delete_orphans"].run(context)
    run_jobs()
    assert held() == before
    assert thread.ranges_string == "1-7"


def test_many_orphans_go_batch_by_batch(db, make, app, run_jobs, monkeypatch):
    monkeypatch.setattr(orphans, "BATCH", 2)
    db.add_all([PollOption(poll_id=9_000_000 + number, name="x") for number in range(5)])
    db.flush()
    with app.begin() as context:
        app.jobs["upkeep.delete_orphans"].run(context)
    assert db.scalar(select(func.count()).select_from(PollOption)) == 3
    run_jobs()
    assert db.scalar(select(func.count()).select_from(PollOption)) == 0
