"""Administrators delete and merge accounts of others."""

from __future__ import annotations

import pytest


@pytest.fixture
def root(make):
    return make.admin_of_site(name="Root")


@pytest.fixture
def eve(make):
    return make.user(name="Eve", email="eve@example.org")


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
