"""Guests of a thread: invited by address, they see that thread alone; shown out, they see nothing."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from llmio.accounts.models import User
from llmio.discussions.models import DiscussionReader
from llmio.polls.models import Stance


@pytest.fixture
def world(make):
    """A secret group with a thread."""
    ana, ben = make.user(name="Ana"), make.user(name="Ben")
    group = make.group(name="Weavers", admin=ana, members=[ben], is_visible_to_public=False)
    return ana, ben, group, make.discussion(group, author=ana, title="Lunch", description="Soup or bread")


@pytest.fixture
def invited(world, web, run_jobs, mailbox):
    """A guest was invited: (thread, the path that the mail leads to)."""
    ana, _ben, _group, thread = world
    web.sign_in(ana)
    web.send(f"/d/{thread.key}/people", {"emails": "Gus <gus@example.org>", "message": "We need your view"})
    run_jobs()
    mail = mailbox.last("gus@example.org")
    assert "We need your view" in mail.text
    return thread, link_of(mail)


def link_of(mail):
    found = re.search(r"https?://[^/\s]+(/d/\S*discussion_reader_token=[^\s>)]+)", mail.text)
    return found[1]


def place(db, address="gus@example.org"):
    query = select(DiscussionReader).join(User, User.id == DiscussionReader.user_id).where(User.email == address)
    return db.scalars(query).one()


def test_the_mails_link_lets_someone_new_in(invited, new_browser, db):
    thread, link = invited
    gus = new_browser()
    page = gus.get(link).follow()
    assert "Soup or bread" in page.text
    page = page.click("Take part in this thread", href="/join")
    form = next(form for form in page.forms.values() if "name" in form.fields)
    form["name"] = "Gus Guest"
    page = form.submit().follow()
    assert page.html.select_one("#comment-form")
    gus.send(f"/d/{thread.key}/comments", {"body": "Bread!", "parent_type": "Discussion"})
    assert "Bread!" in gus.get(f"/d/{thread.key}/lunch").text
    assert (place(db).accepted_at is not None, place(db).guest) == (True, True)
    assert db.scalars(select(User).where(User.email == "gus@example.org")).one().email_verified


def test_a_guest_sees_that_thread_and_nothing_else_of_the_group(world, invited, new_browser, make, db):
    _ana, _ben, group, thread = world
    other = make.discussion(group, title="Secrets")
    poll = make.poll(group=group, title="Salaries")
    gus = new_browser().sign_in(db.get_one(User, place(db).user_id))
    _thread, link = invited
    gus.get(link)
    dashboard = gus.get("/dashboard")
    assert "Lunch" in dashboard.text
    assert not dashboard.html.select(f'main a[href*="/g/{group.key}"], main a[href="/{group.handle}"]')
    page = gus.get(f"/d/{thread.key}/lunch")
    assert not page.html.select(f'main a[href*="/g/{group.key}"], main a[href="/{group.handle}"]')
    for path in (f"/g/{group.key}", f"/d/{other.key}", f"/p/{poll.key}", f"/g/{group.key}/members"):
        assert gus.get(path, expect_errors=True).status_int == 404, path
    assert gus.get("/mentions", {"q": "B", "discussion_id": thread.id}).json == []
    assert gus.get(f"/threads?group_id={group.id}", expect_errors=True).status_int == 404


def test_an_account_that_is_signed_in_takes_the_place(invited, new_browser, make, db):
    _thread, link = invited
    row = place(db)
    me = make.user(name="Gustav")
    page = new_browser().sign_in(me).get(link)
    while page.status_int == 303:
        page = page.follow()
    assert page.html.select_one("#comment-form")
    db.refresh(row)
    assert row.user_id == me.id


def test_the_link_is_good_for_one_person(invited, new_browser, make, db):
    _thread, link = invited
    first, second = make.user(), make.user()
    new_browser().sign_in(first).get(link).follow()
    assert new_browser().sign_in(second).get(link, expect_errors=True).status_int == 404
    assert "sign_in" in new_browser().get(link).location


@pytest.mark.parametrize("token", ["wrong", "", "x' OR 1=1", "a\x00b"])
def test_no_other_token_opens_it(invited, new_browser, token):
    thread, _link = invited
    answer = new_browser().get(f"/d/{thread.key}", {"discussion_reader_token": token}, expect_errors=True)
    assert answer.status_int in (303, 400)
    assert "Soup" not in answer.text


def test_the_invitation_of_somebody_with_an_account_asks_them_to_sign_in(
    world, web, make, run_jobs, mailbox, new_browser
):
    ana, _ben, _group, thread = world
    known = make.user(name="Gus")
    web.sign_in(ana)
    web.send(f"/d/{thread.key}/people", {"emails": known.email})
    run_jobs()
    page = new_browser().get(link_of(mailbox.last(known.email))).follow().click("Take part", href="/join")
    assert "Sign in with it" in page.text
    assert not [form for form in page.forms.values() if "name" in form.fields]


def test_a_guest_who_was_shown_out_sees_nothing_and_can_be_asked_again(
    invited, web, new_browser, db, run_jobs, mailbox
):
    thread, link = invited
    gus = new_browser().sign_in(db.get_one(User, place(db).user_id))
    gus.get(link)
    web.send(f"/discussion_readers/{place(db).id}/remove", {})
    assert gus.get(f"/d/{thread.key}", expect_errors=True).status_int == 404
    assert gus.get(link, expect_errors=True).status_int == 404
    web.send(f"/d/{thread.key}/people", {"emails": "gus@example.org"})
    run_jobs()
    gus.get(link_of(mailbox.last("gus@example.org")))
    assert gus.get(f"/d/{thread.key}/lunch").status_int == 200


def test_members_are_not_invited_as_guests_and_bad_addresses_are_named(world, web, db, run_jobs, mailbox):
    ana, ben, _group, thread = world
    web.sign_in(ana)
    page = web.send(f"/d/{thread.key}/people", {"emails": f"{ben.email} no@where@there"}, expect_errors=True)
    assert page.status_int == 422
    assert "no@where@there" in page.text
    assert ben.email in page.text
    page = web.send(f"/d/{thread.key}/people", {"emails": ben.email}).follow()
    assert "can read this thread already" in page.text
    run_jobs()
    assert mailbox.mails == []


def test_an_invitation_can_be_sent_again_until_it_is_taken(invited, web, run_jobs, mailbox, db, new_browser):
    _thread, link = invited
    web.send(f"/discussion_readers/{place(db).id}/resend", {})
    run_jobs()
    assert len(mailbox.to("gus@example.org")) == 2
    new_browser().sign_in(db.get_one(User, place(db).user_id)).get(link).follow()
    assert web.send(f"/discussion_readers/{place(db).id}/resend", {}, expect_errors=True).status_int == 422


def test_a_guest_who_came_by_another_way_has_come(invited, new_browser, db):
    thread, _link = invited
    gus = new_browser().sign_in(db.get_one(User, place(db).user_id))
    gus.send(f"/d/{thread.key}/read", {"ranges": ""})
    assert place(db).accepted_at is not None


def test_a_guest_can_lead_the_thread_and_no_longer(invited, world, web, db, new_browser):
    _ana, _ben, group, _thread = world
    thread, link = invited
    group.members_can_edit_discussions = False
    gus = new_browser().sign_in(db.get_one(User, place(db).user_id))
    gus.get(link)
    assert gus.get(f"/d/{thread.key}/edit", expect_errors=True).status_int == 403
    web.send(f"/discussion_readers/{place(db).id}/make_admin", {})
    assert gus.get(f"/d/{thread.key}/edit").status_int == 200
    web.send(f"/discussion_readers/{place(db).id}/remove_admin", {})
    assert gus.get(f"/d/{thread.key}/edit", expect_errors=True).status_int == 403


def test_who_does_not_lead_sees_who_is_there_and_changes_nothing(invited, world, new_browser, db):
    _ana, ben, group, _thread = world
    thread, _link = invited
    group.members_can_add_guests = False
    web = new_browser().sign_in(ben)
    page = web.get(f"/d/{thread.key}/people")
    assert "gus@example.org" not in page.text
    assert "/discussion_readers/" not in page.text
    for act in ("remove", "resend", "make_admin", "remove_admin"):
        answer = web.send(f"/discussion_readers/{place(db).id}/{act}", {}, expect_errors=True)
        assert answer.status_int == 403, act
    assert web.send(f"/d/{thread.key}/people", {"emails": "a@example.org"}, expect_errors=True).status_int == 403


def test_guests_get_a_place_in_open_polls_of_the_thread_and_lose_it(world, web, make, run_jobs, db, ctx):
    ana, _ben, _group, thread = world
    poll = make.poll(discussion=thread, author=ana)
    chosen = make.poll(discussion=thread, author=ana, specified_voters_only=True)
    web.sign_in(ana)
    web.send(f"/d/{thread.key}/people", {"emails": "gus@example.org"})
    run_jobs()
    query = select(Stance.poll_id, Stance.revoked_at).where(Stance.participant_id == place(db).user_id)
    assert [row.poll_id for row in db.execute(query)] == [poll.id]
    assert chosen.id != poll.id
    web.send(f"/discussion_readers/{place(db).id}/remove", {})
    run_jobs()
    db.expire_all()
    assert [row.revoked_at is None for row in db.execute(query)] == [False]


def test_the_page_asks_as_often_for_one_guest_as_for_thirty(world, web, queries, make):
    ana, _ben, _group, thread = world
    path = f"/d/{thread.key}/people"
    web.sign_in(ana)
    web.get(path)

    def looked(count):
        for _number in range(count):
            make.reader(thread, make.user(), guest=True)
        with queries() as sent:
            web.get(path)
        return sent

    looked(1)
    few, many = looked(0), looked(30)
    assert many.count == few.count, str(many)


def test_the_thread_says_that_guests_read_along(invited, web):
    thread, _link = invited
    assert "Members of the group and 1 guest" in web.get(f"/d/{thread.key}/lunch").text
