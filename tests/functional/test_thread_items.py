"""Items of a thread, pinned and kept at hand, or deleted for good."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from llmio.core.tables import Event, Version
from llmio.discussions import service as discussions
from llmio.discussions.models import Comment, DiscussionReader, Reaction
from llmio.notifications.models import Notification

STREAM = {"Accept": "text/vnd.turbo-stream.html, text/html"}


@pytest.fixture
def told(make, ctx, commit, run_jobs):
    """Ana and Ben talk: Ben's words mention Ana, were edited and reacted to; both have read all."""
    ana, ben = make.user(name="Ana", username="ana"), make.user(name="Ben")
    group = make.group(admin=ana, members=[ben])
    thread = make.discussion(group, author=ana, title="Lunch")
    first = discussions.add_comment(ctx(ana), thread, body="Soup?")
    second = discussions.add_comment(ctx(ben), thread, body="@ana bread")
    discussions.edit_comment(ctx(ben), second, body="@ana rye bread")
    discussions.react(ctx(ana), "Comment", second.id, emoji="👍")
    for person in (ana, ben):
        discussions.mark_read(ctx(person), thread, ((1, 2),))
    commit()
    run_jobs()
    return ana, ben, thread, first, second


def item_of(db, comment):
    query = select(Event).where(Event.kind == "new_comment", Event.eventable_id == comment.id)
    return db.scalars(query).one()


# -- pinned --------------------------------------------------------------------------------------------------------------


def test_a_pinned_comment_is_named_beside_the_thread_and_leads_to_its_place(web, db, told):
    ana, _ben, thread, _first, second = told
    event = item_of(db, second)
    web.sign_in(ana)
    page = web.get(f"/d/{thread.key}/lunch")
    assert not page.html.select("#pinned a")
    page = web.send(f"/d/{thread.key}/items/{event.id}/pin", {}).follow().follow()
    link = page.html.select_one("#pinned a")
    assert "rye bread" in link.text
    assert web.get(link["href"]).location.endswith(f"#comment-{second.id}")
    assert "Pinned" in page.html.select_one(f"#comment-{second.id} header").text
    page = web.send(f"/d/{thread.key}/items/{event.id}/unpin", {}).follow().follow()
    assert not page.html.select("#pinned a")


def test_a_heading_names_what_is_pinned(web, ctx, told, commit):
    ana, _ben, thread, _first, _second = told
    discussions.add_comment(ctx(ana), thread, body="<h2>The plan</h2><p>First soup.</p>", body_format="html")
    commit()
    web.sign_in(ana)
    assert web.get(f"/d/{thread.key}/lunch").html.select_one("#pinned a").text.split() == ["Ana", "The", "plan"]


def test_a_pin_is_shown_in_place_to_browsers_with_scripts(web, db, told):
    ana, _ben, thread, _first, second = told
    web.sign_in(ana)
    answer = web.send(f"/d/{thread.key}/items/{item_of(db, second).id}/pin", {}, headers=STREAM)
    assert f'target="comment-{second.id}"' in answer.text
    assert 'target="pinned"' in answer.text


def test_an_item_of_another_thread_or_a_removed_comment_is_not_pinned(web, ctx, db, told, make, commit):
    ana, _ben, thread, first, second = told
    other = make.discussion(make.group(admin=ana), author=ana)
    web.sign_in(ana)
    there = f"/d/{other.key}/items/{item_of(db, first).id}/pin"
    assert web.send(there, {}, expect_errors=True).status_int == 404
    discussions.discard_comment(ctx(ana), second)
    commit()
    here = f"/d/{thread.key}/items/{item_of(db, second).id}/pin"
    assert web.send(here, {}, expect_errors=True).status_int == 404
    assert not db.scalars(select(Event).where(Event.pinned)).all()


def test_who_may_not_edit_the_thread_pins_nothing(web, db, told):
    _ana, ben, thread, _first, second = told
    thread.group.members_can_edit_discussions = False
    web.sign_in(ben)
    event = item_of(db, second)
    assert web.send(f"/d/{thread.key}/items/{event.id}/pin", {}, expect_errors=True).status_int == 403
    assert "/pin" not in web.get(f"/d/{thread.key}/lunch").html.select_one("#timeline").decode()


# -- deleted for good ----------------------------------------------------------------------------------------------------


def test_a_deleted_comment_is_gone_with_all_that_hung_on_it(web, db, told, live, run_jobs):
    ana, ben, thread, first, second = told
    second_id, event_id = second.id, item_of(db, second).id
    assert db.scalars(select(Notification).where(Notification.user_id == ana.id)).all()
    web.sign_in(ben)
    page = web.get(f"/d/{thread.key}/lunch")
    asked = page.html.select_one(f'form[action="/comments/{second_id}/destroy"]')
    assert "nothing brings them back" in asked.text
    live.messages.clear()
    web.send(f"/comments/{second_id}/destroy", {}).follow()
    run_jobs()
    assert db.get(Comment, second_id) is None
    assert not db.scalars(select(Reaction)).all()
    assert not db.scalars(select(Version).where(Version.item_type == "Comment")).all()
    about = Event.eventable_type.in_(("Comment", "Reaction"))
    assert [one.eventable_id for one in db.scalars(select(Event).where(about))] == [first.id]
    left = db.scalars(select(Notification.event_id)).all()
    assert set(left) <= set(db.scalars(select(Event.id)))
    db.refresh(thread)
    assert (thread.items_count, thread.ranges_string, thread.last_sequence_id) == (1, "1-1", 1)
    gone = [
        message["events"]
        for room, message in live.messages
        if room == f"group-{thread.group_id}" and "events" in message
    ]
    assert [{"id": event_id, "discussion_id": thread.id, "destroyed": True}] in gone


def test_nobody_has_something_unread_because_something_was_deleted(web, db, told):
    ana, ben, thread, _first, second = told
    web.sign_in(ben)
    web.send(f"/comments/{second.id}/destroy", {})
    read = db.scalars(select(DiscussionReader.read_ranges_string).where(DiscussionReader.discussion_id == thread.id))
    assert set(read) == {"1-1"}
    web.sign_in(ana)
    assert "Lunch" not in web.get("/inbox").html.select_one("main").text


def test_the_number_of_a_deleted_item_is_not_given_again(web, ctx, db, told, commit):
    ana, ben, thread, _first, second = told
    web.sign_in(ben)
    web.send(f"/comments/{second.id}/destroy", {})
    after = discussions.add_comment(ctx(ana), thread, body="Anyone?")
    commit()
    db.refresh(thread)
    assert item_of(db, after).sequence_id == 3
    assert thread.ranges_string == "1-1,3-3"


def test_an_answered_comment_is_not_deleted_and_says_why(web, ctx, db, told, commit):
    ana, ben, thread, _first, second = told
    discussions.add_comment(ctx(ana), thread, body="Good", parent=("Comment", second.id))
    commit()
    web.sign_in(ben)
    assert f"/comments/{second.id}/destroy" not in web.get(f"/d/{thread.key}/lunch").text
    answer = web.send(f"/comments/{second.id}/destroy", {}, expect_errors=True)
    assert answer.status_int == 409
    assert "has answered this comment" in answer.text
    assert db.get(Comment, second.id) is not None


def test_where_members_may_not_delete_they_can_still_remove(web, db, told):
    _ana, ben, thread, _first, second = told
    thread.group.members_can_delete_comments = False
    web.sign_in(ben)
    page = web.get(f"/d/{thread.key}/lunch").text
    assert f"/comments/{second.id}/destroy" not in page
    assert f"/comments/{second.id}/discard" in page
    assert web.send(f"/comments/{second.id}/destroy", {}, expect_errors=True).status_int == 403
    assert db.get(Comment, second.id) is not None


def test_a_removed_comment_can_come_back_or_go_for_good(web, db, told):
    _ana, ben, thread, _first, second = told
    web.sign_in(ben)
    web.send(f"/comments/{second.id}/discard", {})
    page = web.get(f"/d/{thread.key}/lunch").html.select_one(f"#comment-{second.id}").decode()
    assert "/undiscard" in page
    assert "/destroy" in page
    answer = web.send(f"/comments/{second.id}/destroy", {}, headers=STREAM)
    assert 'action="remove"' in answer.text


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (":slightly_smiling_face:", "🙂"),
        ("tada", "🎉"),
        (":raised_hand::skin-tone-3:", "✋"),
        (":our_own_party:", ":our_own_party:"),
    ],
)
def test_a_reaction_by_its_older_name_is_shown_and_taken_back(web, db, told, stored, shown):
    ana, _ben, thread, _first, second = told
    web.sign_in(ana)
    where = Reaction.reactable_id == second.id
    db.execute(update(Reaction).where(where).values(reaction=stored))
    chip = web.get(f"/d/{thread.key}/lunch").html.select_one(f"#reactions-comment-{second.id} [name=reaction]")
    assert chip["value"] == shown
    web.send(f"/reactions/comment/{second.id}", {"reaction": chip["value"]})
    assert db.scalar(select(Reaction.id).where(where)) is None


def test_a_reaction_taken_back_is_told_to_open_pages(web, db, told, live, run_jobs):
    ana, _ben, _thread, _first, second = told
    web.sign_in(ana)
    live.messages.clear()
    web.send(f"/reactions/comment/{second.id}", {"reaction": "👍"})
    run_jobs()
    assert any("comments" in message for _room, message in live.messages)
