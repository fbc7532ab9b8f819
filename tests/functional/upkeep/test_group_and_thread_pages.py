"""Deleting a group and moving items, through the pages."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from llmio.core.outbox import Outbox
from llmio.core.tables import Event
from llmio.discussions.models import Comment


@pytest.fixture
def ada(make):
    return make.user(name="Ada")


@pytest.fixture
def ben(make):
    return make.user(name="Ben")


@pytest.fixture
def group(make, ada, ben):
    return make.group("Bakery  North", admin=ada, members=[ben])


def test_an_admin_deletes_the_group_by_typing_its_name(web, group, ada, ben, run_jobs, mailbox, db):
    web.sign_in(ada)
    page = web.get(f"/g/{group.key}").click("Delete the group")
    assert "14 days" in page
    form = next(one for one in page.forms.values() if "name" in one.fields)
    form["name"] = "bakery north"
    assert "was deleted" in form.submit().follow()
    run_jobs()
    assert [mail.to[1] for mail in mailbox.mails] == [ada.email]
    web.get(f"/g/{group.key}", status=404)


@pytest.mark.parametrize("name", ["", "Bakery", "Bakery South"])
def test_another_name_deletes_nothing(web, group, ada, name, db):
    web.sign_in(ada)
    page = web.send(f"/g/{group.key}/delete", {"name": name}, status=422)
    assert "type the name" in page
    db.expire_all()
    assert group.archived_at is None
    assert db.scalar(select(func.count()).select_from(Outbox).where(Outbox.job == "upkeep.destroy_group")) == 0


def test_members_see_no_way_to_delete_or_export(web, group, ben):
    web.sign_in(ben)
    page = web.get(f"/g/{group.key}")
    assert "Delete the group" not in page
    assert "Export the group" not in page
    web.get(f"/g/{group.key}/delete", status=403)
    web.send(f"/g/{group.key}/delete", {"name": group.name}, status=403)


def test_comments_are_moved_by_ticking_them(web, make, group, ada, run_jobs, db):
    source, target = make.discussion(group, title="Here"), make.discussion(group, title="There")
    first, second = make.comment(source, body="go"), make.comment(source, body="stay")
    make.comment(source, body="gone", discarded_at=source.last_activity_at)
    web.sign_in(ada)
    page = web.get(f"/d/{source.key}").maybe_follow().click("Move items to another thread")
    form = next(one for one in page.forms.values() if "items" in one.fields)
    ids = [field.checked for field in form.fields["items"]]
    assert ids == [False, False]
    event = db.scalars(select(Event).where(Event.eventable_type == "Comment", Event.eventable_id == first.id)).one()
    next(field for field in form.fields["items"] if field._value == str(event.id)).checked = True
    form["target"] = target.key
    assert "1 item is being moved" in form.submit().follow().maybe_follow()
    run_jobs()
    assert dict(db.execute(select(Comment.body, Comment.discussion_id)).all())["go"] == target.id
    db.expire_all()
    assert second.discussion_id == source.id


@pytest.mark.parametrize("target", ["", "nonsense!", "https://x.org/d/ABCDEFGH"])
def test_a_thread_that_is_not_there_is_refused_at_the_field(web, make, group, ada, target, db):
    source = make.discussion(group)
    make.comment(source)
    web.sign_in(ada)
    page = web.send(f"/threads/{source.key}/move", {"items": "1", "target": target}, status=422)
    assert ("There is no such thread" if target else "Please choose a thread.") in page


def test_a_hidden_thread_is_answered_like_a_missing_one(web, make, group, ada):
    source, hidden = make.discussion(group), make.discussion()
    make.comment(source)
    web.sign_in(ada)
    page = web.send(f"/threads/{source.key}/move", {"items": "1", "target": f"/d/{hidden.key}/x"}, status=422)
    assert "There is no such thread" in page


def test_a_thread_is_put_in_order_on_request(web, make, group, ada, ben, run_jobs, db):
    thread = make.discussion(group, author=ada)
    comment = make.comment(thread, author=ada)
    event = db.scalars(select(Event).where(Event.eventable_type == "Comment", Event.eventable_id == comment.id)).one()
    event.position, event.position_key = 40, "00040"
    web.sign_in(ada)
    web.send(f"/threads/{thread.key}/repair").follow()
    run_jobs()
    db.expire_all()
    assert (event.position, event.position_key) == (1, "00001")


def test_the_page_of_items_asks_as_often_for_many_as_for_one(web, make, group, ada, queries):
    thread = make.discussion(group)
    make.discussion(group)
    make.comment(thread)
    web.sign_in(ada)

    def sent():
        with queries() as statements:
            web.get(f"/threads/{thread.key}/move")
        return statements.count

    before = sent()
    for _number in range(10):
        make.comment(thread)
        make.discussion(group)
    assert sent() == before
