"""Threads, polls and groups destroyed for good: nothing of them stays, nothing else goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from llmio.core.errors import NotAllowed
from llmio.core.outbox import Outbox
from llmio.core.tables import Event, Version
from llmio.discussions.models import Comment, Discussion
from llmio.files.models import Attachment, Blob
from llmio.groups import service as groups
from llmio.groups.models import Group, Membership, Subscription, Tag
from llmio.notifications.models import Notification
from llmio.polls.models import Outcome, Poll, PollOption, Stance, StanceChoice, StanceReceipt
from llmio.tasks.models import Task, TasksUser
from llmio.upkeep.service import destroy

COUNTED = (
    Discussion, Comment, Event, Poll, PollOption, Stance, StanceChoice, Outcome, Membership, Group, Subscription,
    Notification, Version, Attachment, Task, TasksUser, Tag, StanceReceipt,
)  # fmt: skip


def counts(db):
    db.flush()
    found = {one.__name__: db.scalar(select(func.count()).select_from(one)) for one in COUNTED}
    found["readers"] = db.scalar(text("SELECT count(*) FROM discussion_readers"))
    found["found"] = db.scalar(text("SELECT count(*) FROM pg_search_documents"))
    found["reactions"] = db.scalar(text("SELECT count(*) FROM reactions"))
    return found


@pytest.fixture
def people(make):
    return [make.user(name="Ada"), make.user(name="Ben")]


def full_thread(make, db, group, author):
    """A thread with one of everything."""
    thread = make.discussion(group, author=author)
    comment = make.comment(thread, author=author)
    make.comment(thread, author=author, parent=comment)
    make.reaction(comment, user=author)
    make.reader(thread, author)
    poll = make.poll(discussion=thread, author=author)
    stance = make.stance(poll, author, choices={"agree": 1})
    make.outcome(poll, author=author)
    make.reaction(stance, user=author)
    db.add(StanceReceipt(poll_id=poll.id, voter_id=author.id))
    event = db.scalars(select(Event).where(Event.eventable_type == "Comment", Event.eventable_id == comment.id)).one()
    db.add(Notification(user_id=author.id, event_id=event.id))
    db.add(Version(item_type="Comment", item_id=comment.id, event="update"))
    task = Task(record_type="Comment", record_id=comment.id, author_id=author.id, uid=1, name="Buy", done=False)
    db.add(task)
    db.flush()
    db.add(TasksUser(task_id=task.id, user_id=author.id))
    blob = Blob(key=f"k{thread.id}", filename="a.txt", byte_size=1, service_name="local")
    db.add(blob)
    db.flush()
    db.add(Attachment(name="files", record_type="Comment", record_id=comment.id, blob_id=blob.id))
    db.flush()
    return thread


@pytest.fixture
def run(app, db):
    def done(name, *args):
        db.flush()
        with app.begin() as ctx:
            app.jobs[name].run(ctx, *args)
        db.expire_all()

    return done


@pytest.fixture
def indexed(app, db):
    """Everything can be found."""

    def done():
        db.flush()
        app.jobs["search.reindex"].run(app)
        db.expire_all()

    return done


def test_a_discarded_thread_goes_with_all_that_hangs_on_it(make, db, people, run, indexed):
    group = make.group(admin=people[0])
    full_thread(make, db, group, people[0])
    indexed()
    before = counts(db)
    thread = full_thread(make, db, group, people[1])
    thread.discarded_at = thread.last_activity_at
    db.flush()
    run("search.index", "Discussion", thread.id)
    run("upkeep.destroy_discussion", thread.id)
    assert counts(db) == before
    assert before["Comment"] == 2


def test_a_thread_that_was_not_discarded_stays(make, db, people, run):
    thread = full_thread(make, db, make.group(admin=people[0]), people[0])
    before = counts(db)
    run("upkeep.destroy_discussion", thread.id)
    run("upkeep.destroy_discussion", 999_999)
    assert counts(db) == before


@pytest.mark.parametrize(("days", "gone"), [("30", True), ("32", False), ("0", False)])
def test_threads_taken_away_long_ago_go_where_the_operator_wants_it(
    app, make, db, people, run, run_jobs, clock, monkeypatch, days, gone
):
    monkeypatch.setitem(app.settings.values, "discussions.discarded_days", int(days))
    group = make.group(admin=people[0])
    old = make.discussion(group, discarded_at=clock.now() - timedelta(days=31))
    young, kept = make.discussion(group, discarded_at=clock.now() - timedelta(days=1)), make.discussion(group)
    run("upkeep.destroy_discarded")
    run_jobs()
    left = set(db.scalars(select(Discussion.id)))
    assert left == {young.id, kept.id} | (set() if gone else {old.id})


def test_a_deleted_group_is_destroyed_after_the_delay_and_not_before(
    app, ctx, make, db, people, run_jobs, clock, commit, mailbox
):
    clock.set(clock.now())
    ada, ben = people
    other = make.group(admin=ada)
    full_thread(make, db, other, ada)
    before = counts(db)
    group = make.group("Doomed", admin=ada, members=[ben])
    subgroup = make.group(admin=ada, parent_id=group.id)
    for place in (group, subgroup):
        for _number in range(3):
            full_thread(make, db, place, ben)
        make.poll(group=place, author=ben, voters=[ada])
        db.add(Tag(group_id=place.id, name="red"))
    destroy.delete_group(ctx(ada), group)
    commit()
    run_jobs()
    assert group.archived_at == clock.now()
    assert [mail.subject for mail in mailbox.to(ada.email)] == ["Doomed will be destroyed"]
    assert "Ada" in mailbox.last(ada.email).text
    assert mailbox.to(ben.email) == []
    clock.move(days=13, hours=23)
    run_jobs()
    assert db.get(Group, group.id) is not None
    clock.move(hours=1)
    run_jobs()
    assert counts(db) == before


def test_large_groups_go_piece_by_piece(app, make, db, people, run, run_jobs, monkeypatch, clock):
    monkeypatch.setattr(destroy, "THREADS_A_RUN", 2)
    group = make.group(admin=people[0], archived_at=clock.now())
    for _number in range(5):
        make.discussion(group)
    db.expire(group)
    group_id, at = group.id, group.archived_at.isoformat()
    run("upkeep.destroy_group", group_id, at)
    assert db.scalar(select(func.count()).select_from(Discussion)) == 3
    run_jobs()
    assert db.get(Group, group_id) is None


def test_a_group_that_was_brought_back_stays_also_when_it_is_archived_again(
    ctx, make, db, people, run_jobs, clock, commit
):
    clock.set(clock.now())
    ada, root = people[0], make.admin_of_site()
    group = make.group(admin=ada)
    destroy.delete_group(ctx(ada), group)
    commit()
    clock.move(days=3)
    groups.unarchive_group(ctx(root), group)
    commit()
    clock.move(days=5)
    groups.archive_group(ctx(root), group)
    commit()
    clock.move(days=30)
    run_jobs()
    assert db.get(Group, group.id) is not None
    assert db.scalar(select(func.count()).select_from(Outbox)) == 0


def test_members_cannot_delete_a_group(ctx, make, people):
    group = make.group(admin=people[0], members=[people[1]])
    with pytest.raises(NotAllowed):
        destroy.delete_group(ctx(people[1]), group)
    assert group.archived_at is None


def test_demo_groups_go_after_a_week_and_other_groups_never(make, db, run, run_jobs, clock):
    clock.set(clock.now())
    made = {}
    for name, plan, days in (("old", "demo", 8), ("young", "demo", 6), ("paid", "free", 400)):
        made[name] = make.group(name, created_at=clock.now() - timedelta(days=days))
        made[name].subscription.plan = plan
    below = make.group("below", parent_id=made["old"].id, subscription_id=made["old"].subscription_id)
    make.discussion(below)
    for _twice in range(2):
        run("upkeep.destroy_demo_groups")
        run_jobs()
    left = set(db.scalars(select(Group.name).where(Group.name.in_(("old", "young", "paid", "below")))))
    assert left == {"young", "paid"}
