"""Administrators delete and merge accounts of others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from llmio.accounts.models import User
from llmio.discussions.models import Comment, Discussion
from llmio.groups.models import Group
from llmio.polls.models import Poll, PollOption
from llmio.upkeep.people import PERSON_COLUMNS


@pytest.fixture
def root(make):
    return make.admin_of_site(name="Root")


@pytest.fixture
def eve(make):
    return make.user(name="Eve Quux", email="eve@example.org")


def test_an_administrator_deletes_an_account(web, root, eve, run_jobs, db, mailbox):
    web.sign_in(root)
    page = web.get(f"/admin/users/{eve.id}")
    form = next(one for one in page.forms.values() if one.action.endswith("/erase"))
    assert "being deleted" in form.submit().follow()
    run_jobs()
    db.expire_all()
    assert (eve.email, eve.name) == (None, None)
    page = web.get(f"/admin/users/{eve.id}")
    assert "Open the account again" not in page
    assert mailbox.addresses() == ["eve@example.org"]


def test_an_administrator_merges_two_accounts(web, root, eve, make, run_jobs, db):
    stays = make.user(email="stays@example.org")
    thread = make.discussion(make.group(), author=eve)
    web.sign_in(root)
    page = web.get(f"/admin/users/{eve.id}").click("Merge into another account")
    form = next(one for one in page.forms.values() if "sure" in one.fields)
    form["email"], form["sure"] = "STAYS@example.org", True
    form.submit().follow()
    run_jobs()
    db.expire_all()
    assert thread.author_id == stays.id
    assert eve.email is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": "nobody@example.org", "sure": "1"}, "Nobody has this address"),
        ({"email": "eve@example.org", "sure": "1"}, "one account already"),
        ({"email": "root@example.org"}, "Please tick this"),
        ({"email": "", "sure": "1"}, "fill this in"),
    ],
)
def test_what_cannot_be_merged_is_said_at_the_form(web, root, eve, typed, said, run_jobs, db):
    root.email = "root@example.org"
    web.sign_in(root)
    assert said in web.send(f"/admin/users/{eve.id}/merge", typed, status=422)
    run_jobs()
    db.expire_all()
    assert eve.email == "eve@example.org"


def test_nobody_else_may(web, make, eve, run_jobs, db):
    web.sign_in(make.user())
    web.send(f"/admin/users/{eve.id}/erase", status=403)
    web.get(f"/admin/users/{eve.id}/merge", status=403)
    web.send(f"/admin/users/{eve.id}/merge", {"email": "x@example.org", "sure": "1"}, status=403)
    run_jobs()
    db.expire_all()
    assert eve.email == "eve@example.org"


def test_an_administrator_does_not_erase_the_own_account_here(web, root, make, db):
    make.admin_of_site()
    web.sign_in(root)
    web.send(f"/admin/users/{root.id}/erase", status=409)
    web.send("/admin/users/999999/erase", status=404)
    db.expire_all()
    assert root.deactivated_at is None


@pytest.fixture
def written(make, eve):
    """What Eve left: a group with a thread of hers, a comment in another's, votes in an open and a closed poll."""
    ben = make.user(name="Ben")
    group = make.group(admin=ben, members=[eve])
    mine, theirs = (
        make.discussion(group, author=eve, title="Cheap pills"),
        make.discussion(group, author=ben, title="Oven"),
    )
    make.comment(mine, author=ben, body="Is this spam?")
    comment = make.comment(theirs, author=eve, body="Buy pills")
    make.comment(theirs, author=ben, body="No, thanks", parent=comment)
    make.reaction(comment, user=eve)
    make.reader(theirs, eve)
    running, closed = (
        make.poll(discussion=theirs, author=ben, title=title, closed_at=at)
        for title, at in (("Running", None), ("Closed", datetime(2026, 1, 1, tzinfo=UTC)))
    )
    for poll in (running, closed):
        make.stance(poll, eve, choices={"agree": 1})
        make.stance(poll, ben, choices={"agree": 1})
    make.outcome(closed, author=eve)
    named = {"ben": ben, "group": group, "running": running, "closed": closed}
    keys = {"mine": mine.key, "theirs": theirs.key, "closed_key": closed.key}
    return {name: one.id for name, one in named.items()} | keys


def destroy(web, root, eve, run_jobs, db, **fields):
    web.sign_in(root)
    page = web.get(f"/admin/users/{eve.id}").click("Destroy the account")
    form = next(one for one in page.forms.values() if "sure" in one.fields)
    for name, value in fields.items():
        form[name] = value
    eve_id = eve.id
    assert "being destroyed" in form.submit().follow()
    run_jobs()
    db.expire_all()
    for table, columns in PERSON_COLUMNS.items():
        for column in columns:
            assert not db.scalar(text(f"SELECT count(*) FROM {table} WHERE {column} = :id"), {"id": eve_id}), (
                table,
                column,
            )
    assert db.get(User, eve_id) is None


def counted(db, poll_id):
    query = select(PollOption.voter_count).where(PollOption.poll_id == poll_id, PollOption.name == "agree")
    return db.scalar(query), db.get(Poll, poll_id).voters_count


def test_a_destroyed_account_leaves_words_without_a_name_and_results_of_closed_polls(
    web, root, eve, written, run_jobs, db
):
    run_jobs()
    for poll_id in (written["running"], written["closed"]):
        db.execute(
            text("UPDATE poll_options SET voter_count = 2 WHERE poll_id = :id AND name = 'agree'"), {"id": poll_id}
        )
        db.execute(text("UPDATE polls SET voters_count = 2 WHERE id = :id"), {"id": poll_id})
    destroy(web, root, eve, run_jobs, db, sure=True)
    assert counted(db, written["running"]) == (1, 1)
    assert counted(db, written["closed"]) == (2, 2)
    assert db.get(Group, written["group"]).memberships_count == 1
    ben = db.get(User, written["ben"])
    web.sign_in(ben)
    page = web.get(f"/d/{written['theirs']}").maybe_follow()
    assert "Buy pills" in page
    assert "Quux" not in page
    assert "Deleted account" in page
    assert "Cheap pills" in web.get(f"/d/{written['mine']}").maybe_follow()
    assert "Quux" not in web.get(f"/p/{written['closed_key']}").maybe_follow()


def test_a_spammer_goes_with_all_that_was_written(web, root, eve, written, run_jobs, db):
    destroy(web, root, eve, run_jobs, db, sure=True, words=True)
    assert db.scalars(select(Discussion.title)).all() == ["Oven"]
    assert db.scalars(select(Comment.body)).all() == ["No, thanks"]
    web.sign_in(db.get(User, written["ben"]))
    page = web.get(f"/d/{written['theirs']}").maybe_follow()
    assert "No, thanks" in page
    assert "Buy pills" not in page


def test_destroying_asks_for_the_tick_and_is_not_for_oneself_nor_for_others(web, root, eve, make, db, run_jobs):
    web.sign_in(root)
    assert "Please tick this" in web.send(f"/admin/users/{eve.id}/destroy", {}, status=422)
    assert web.send(f"/admin/users/{root.id}/destroy", {"sure": "1"}, expect_errors=True).status_int == 409
    web.sign_in(make.user())
    web.send(f"/admin/users/{eve.id}/destroy", {"sure": "1"}, expect_errors=True)
    run_jobs()
    assert db.get(User, eve.id).deactivated_at is None
