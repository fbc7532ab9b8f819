"""Acts on threads and comments: what they leave behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from llmio.core.errors import Invalid, NotAllowed, NotFound
from llmio.core.tables import Event, Version
from llmio.discussions import queries, ranges, service, timeline
from llmio.discussions.models import DiscussionReader
from llmio.files.models import Attachment
from tests import factories as make


@pytest.fixture
def people(db):
    admin, member = make.user(db, "Ana Souza"), make.user(db, "Ben Okoro")
    group = make.group(db, admin=admin, members=[member])
    return admin, member, group


def events(db, kind):
    return list(db.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def reader(db, discussion, user):
    return db.scalars(
        select(DiscussionReader).where(
            DiscussionReader.discussion_id == discussion.id, DiscussionReader.user_id == user.id
        )
    ).one_or_none()


def test_a_thread_is_started(ctx, db, people):
    admin, member, group = people
    made = service.start_discussion(
        ctx(member), group, title="  Shall we  move? ", description="**Why**", notify="group"
    )
    assert made.title == "Shall we move?"
    assert made.private
    [event] = events(db, "new_discussion")
    assert event.discussion_id is None
    assert event.depth == 0
    assert event.custom_fields == {"recipient_user_ids": [admin.id], "recipient_audience": "group"}
    db.refresh(group)
    assert (group.discussions_count, group.open_discussions_count, group.public_discussions_count) == (1, 1, 0)
    assert reader(db, made, member).participating


def test_people_to_tell_must_be_members(ctx, db, people):
    admin, member, group = people
    stranger = make.user(db)
    made = service.start_discussion(
        ctx(member), group, title="T", notify="people", people=[admin.id, stranger.id, member.id]
    )
    assert made.id
    assert events(db, "new_discussion")[0].custom_fields["recipient_user_ids"] == [admin.id]
    with pytest.raises(Invalid) as refused:
        service.start_discussion(ctx(member), group, title="T", notify="people", people=[stranger.id])
    assert "people" in refused.value.errors


def test_who_may_not_announce_cannot_tell_all(ctx, db, people):
    _admin, member, group = people
    group.members_can_announce = False
    with pytest.raises(NotAllowed):
        service.start_discussion(ctx(member), group, title="T", notify="group")


@pytest.mark.parametrize(
    ("options", "asked", "private"),
    [("private_only", False, True), ("public_only", True, False), ("public_or_private", False, False), ("public_or_private", True, True)],
)  # fmt: skip
def test_privacy_is_what_the_group_allows(ctx, db, people, options, asked, private):
    admin, _member, group = people
    group.discussion_privacy_options = options
    assert service.start_discussion(ctx(admin), group, title="T", private=asked).private is private


def test_comments_take_their_places(ctx, db, people):
    admin, member, group = people
    thread = service.start_discussion(ctx(admin), group, title="T")
    first = service.add_comment(ctx(member), thread, body="one")
    second = service.add_comment(ctx(admin), thread, body="two")
    reply = service.add_comment(ctx(admin), thread, body="re", parent=("Comment", first.id))
    deeper = service.add_comment(ctx(member), thread, body="re re", parent=("Comment", reply.id))
    deepest = service.add_comment(ctx(admin), thread, body="re re re", parent=("Comment", deeper.id))
    by_id = {event.eventable_id: event for event in events(db, "new_comment")}
    keys = [by_id[comment.id].position_key for comment in (first, second, reply, deeper, deepest)]
    assert keys == ["00001", "00002", "00001-00001", "00001-00001-00001", "00001-00001-00002"]
    db.refresh(thread)
    assert thread.ranges_string == "1-5"
    assert (thread.items_count, thread.first_sequence_id, thread.last_sequence_id) == (5, 1, 5)
    assert reader(db, thread, member).read_ranges_string == "1-1,4-4"
    shown = timeline.stretch(ctx(member), thread).entries
    assert [entry.event.eventable_id for entry in shown] == [first.id, reply.id, deeper.id, deepest.id, second.id]
    assert [entry.unread for entry in shown] == [False, True, False, True, True]


def test_a_range_grows_after_a_hole(ctx, db, people):
    admin, _member, group = people
    thread = service.start_discussion(ctx(admin), group, title="T")
    thread.ranges_string = "1-3,5-9"
    thread.last_sequence_id = 9
    db.flush()
    from llmio.core.tables import PartitionSequence

    make.add(db, PartitionSequence(key="discussions_sequence_id", id=thread.id, counter=9))
    service.add_comment(ctx(admin), thread, body="ten")
    db.refresh(thread)
    assert thread.ranges_string == "1-3,5-10"
    db.query(PartitionSequence).filter_by(key="discussions_sequence_id", id=thread.id).update({"counter": 12})
    service.add_comment(ctx(admin), thread, body="thirteen")
    db.refresh(thread)
    assert thread.ranges_string == "1-3,5-10,13-13"


def test_newest_first_turns_trees_around(ctx, db, people):
    admin, _member, group = people
    group.new_threads_newest_first = True
    thread = service.start_discussion(ctx(admin), group, title="T")
    first = service.add_comment(ctx(admin), thread, body="1")
    second = service.add_comment(ctx(admin), thread, body="2")
    reply = service.add_comment(ctx(admin), thread, body="1.1", parent=("Comment", first.id))
    context = ctx(admin)
    assert [entry.event.eventable_id for entry in timeline.stretch(context, thread).entries] == [
        second.id,
        first.id,
        reply.id,
    ]
    start = timeline.stretch(context, thread, limit=1)
    rest = timeline.stretch(context, thread, after=start.next_key)
    assert [entry.event.eventable_id for entry in rest.entries] == [first.id, reply.id]


def test_long_threads_come_in_stretches(ctx, db, people):
    admin, _member, group = people
    thread = make.discussion(db, group, author=admin)
    comments = [make.comment(db, thread, author=admin) for _number in range(12)]
    context = ctx(admin)
    seen, after = [], None
    while True:
        part = timeline.stretch(context, thread, after=after, limit=5)
        seen += [entry.event.eventable_id for entry in part.entries]
        after = part.next_key
        if after is None:
            break
    assert seen == [comment.id for comment in comments]
    part = timeline.stretch(context, thread, start="00006", limit=5)
    assert part.earlier == 5
    assert part.entries[0].event.eventable_id == comments[5].id
    assert [entry.event.sequence_id for entry in timeline.newer(context, thread, 10)] == [11, 12]


def test_empty_and_overlong_words_are_refused(ctx, db, people):
    admin, _member, group = people
    thread = make.discussion(db, group, author=admin)
    for body, format in (("   ", "md"), ("<p></p><p> </p>", "html"), ("x" * 100_001, "md")):
        with pytest.raises(Invalid) as refused:
            service.add_comment(ctx(admin), thread, body=body, body_format=format)
        assert "body" in refused.value.errors
    with pytest.raises(Invalid):
        service.start_discussion(ctx(admin), group, title="x" * 151)


def test_what_is_answered_must_be_in_the_thread(ctx, db, people):
    admin, member, group = people
    thread, other = make.discussion(db, group), make.discussion(db, group)
    elsewhere = make.comment(db, other, author=member)
    with pytest.raises(NotFound):
        service.add_comment(ctx(admin), thread, body="x", parent=("Comment", elsewhere.id))
    removed = make.comment(db, thread, author=member, discarded_at=make.now())
    with pytest.raises(Invalid):
        service.add_comment(ctx(admin), thread, body="x", parent=("Comment", removed.id))


def test_an_edited_comment_keeps_what_it_was(ctx, db, people):
    _admin, member, group = people
    thread = make.discussion(db, group)
    comment = make.comment(db, thread, author=member, body="before")
    service.edit_comment(ctx(member), comment, body="after")
    assert comment.edited_at
    [version] = db.scalars(select(Version).where(Version.item_type == "Comment"))
    assert version.object_changes == {"body": ["before", "after"]}
    assert version.whodunnit == member.id
    assert len(events(db, "comment_edited")) == 1
    service.edit_comment(ctx(member), comment, body="after")
    assert len(events(db, "comment_edited")) == 1


def test_a_removed_comment_can_be_brought_back(ctx, db, people):
    _admin, member, group = people
    thread = make.discussion(db, group)
    comment = make.comment(db, thread, author=member)
    service.discard_comment(ctx(member), comment)
    assert comment.discarded_by == member.id
    view = timeline.load_comments(ctx(member), [comment.id])[comment.id]
    assert view.discarded_at
    assert not view.can_edit
    service.undiscard_comment(ctx(member), comment)
    assert comment.discarded_at is None


def test_a_closed_thread_takes_no_comments(ctx, db, people):
    admin, member, group = people
    thread = make.discussion(db, group, author=admin)
    service.close_discussion(ctx(admin), thread)
    with pytest.raises(NotAllowed):
        service.add_comment(ctx(member), thread, body="x")
    db.refresh(group)
    assert (group.open_discussions_count, group.closed_discussions_count) == (0, 1)
    service.reopen_discussion(ctx(admin), thread)
    assert service.add_comment(ctx(member), thread, body="x").id


def test_an_edit_with_a_message_stands_in_the_thread(ctx, db, people):
    admin, _member, group = people
    thread = service.start_discussion(ctx(admin), group, title="T", description="a")
    service.edit_discussion(ctx(admin), thread, title="U", description="a", description_format="md", private=True)
    service.edit_discussion(
        ctx(admin), thread, title="U", description="b", description_format="md", private=True, message="New numbers"
    )
    quiet, told = events(db, "discussion_edited")
    assert quiet.discussion_id is None
    assert (told.discussion_id, told.position_key) == (thread.id, "00001")
    assert told.custom_fields == {"recipient_message": "New numbers"}
    assert thread.versions_count == 2


def test_reactions_are_one_of_each_person(ctx, db, people):
    admin, member, group = people
    thread = make.discussion(db, group)
    comment = make.comment(db, thread, author=admin)
    service.react(ctx(member), "Comment", comment.id, emoji="👍")
    service.react(ctx(admin), "Comment", comment.id, emoji="👍")
    service.react(ctx(member), "Comment", comment.id, emoji="🎉")
    tally = queries.tallies(ctx(member), "Comment", [comment.id])[comment.id]
    assert {(one.emoji, one.count) for one in tally.entries} == {("👍", 1), ("🎉", 1)}
    assert tally.mine == "🎉"
    assert service.react(ctx(member), "Comment", comment.id, emoji="🎉") is None
    assert len(queries.tallies(ctx(member), "Comment", [comment.id])[comment.id].entries) == 1
    assert len(events(db, "reaction_created")) == 2
    for wrong in ("<b>", "hello", "", "1"):
        with pytest.raises(Invalid):
            service.react(ctx(member), "Comment", comment.id, emoji=wrong)
    with pytest.raises(NotAllowed):
        service.react(ctx(make.user(db)), "Comment", comment.id, emoji="👍")
    assert service.react(ctx(member), "Discussion", thread.id, emoji="❤️")


def test_reading_marks_hold_no_more_than_there_is(ctx, db, people):
    _admin, member, group = people
    thread = make.discussion(db, group)
    for _number in range(3):
        make.comment(db, thread)
    place = service.mark_read(ctx(member), thread, ranges.parse("1-2,90-99"))
    assert place.read_ranges_string == "1-2"
    assert place.last_read_sequence_id == 2
    service.mark_read(ctx(member), thread, ranges.parse("3-3"))
    assert place.read_ranges_string == "1-3"
    db.refresh(thread)
    assert thread.seen_by_count == 1


def test_a_new_place_is_as_loud_as_the_group(ctx, db, people):
    _admin, member, group = people
    from llmio.groups.queries import membership_of

    membership_of(ctx(member), group.id).volume = 1
    thread = make.discussion(db, group)
    assert service.mark_read(ctx(member), thread, ()).volume == 1


def test_who_takes_part_follows_if_they_want(ctx, db, people):
    admin, member, group = people
    member.email_on_participation = True
    thread = make.discussion(db, group, author=admin)
    service.add_comment(ctx(member), thread, body="x")
    service.add_comment(ctx(admin), thread, body="y")
    assert reader(db, thread, member).volume == 3
    assert reader(db, thread, admin).volume == 2


def test_inbox_shows_what_is_unread(ctx, db, people, clock):
    admin, member, group = people
    thread = make.discussion(db, group, author=admin, title="Unread")
    make.discussion(db, make.group(db), title="Of others")
    make.discussion(db, group, author=admin, title="Gone", discarded_at=make.now())
    make.discussion(db, group, author=admin, title="Old", last_activity_at=make.now() - timedelta(days=60))
    make.comment(db, thread, author=admin)
    assert [(row.title, row.unread_count) for row in queries.inbox(ctx(member))] == [("Unread", 1)]
    service.dismiss(ctx(member), thread)
    assert queries.inbox(ctx(member)) == []
    service.recall(ctx(member), thread)
    service.mark_read(ctx(member), thread, ((1, 1),))
    assert queries.inbox(ctx(member)) == []
    clock.move(minutes=1)
    service.add_comment(ctx(admin), thread, body="new")
    assert [row.title for row in queries.inbox(ctx(member))] == ["Unread"]


def test_files_of_a_comment(ctx, db, people, app):
    from io import BytesIO

    from llmio.files import service as files
    from llmio.files import signing

    _admin, member, group = people
    thread = make.discussion(db, group)
    context = ctx(member)
    paper = files.store(context, filename="a.pdf", stream=BytesIO(b"%PDF-1"))
    picture = files.store(context, filename="b.png", stream=BytesIO(b"\x89PNG\r\n\x1a\n"))
    body = f'<p>x</p><img src="{signing.url(context, picture)}">'
    comment = service.add_comment(context, thread, body=body, body_format="html", attachments=[paper.id, picture.id])
    assert [file["filename"] for file in comment.attachments] == ["a.pdf"]
    names = {row.blob_id: row.name for row in db.scalars(select(Attachment).where(Attachment.record_type == "Comment"))}
    assert names == {paper.id: "files", picture.id: "image_files"}
    with pytest.raises(Invalid):
        service.add_comment(ctx(_admin), thread, body="steal", attachments=[paper.id])
    service.edit_comment(ctx(member), comment, body=body, body_format="html", attachments=[])
    assert comment.attachments == []
