"""`/admin/users`: people found and looked after."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.accounts.models import LoginToken, User
from llmio.admin.service import people
from llmio.core.errors import NotAllowed, SignInNeeded
from tests import factories as make


@pytest.fixture
def admin(web, db):
    found = make.admin_of_site(db, name="Root Person")
    web.sign_in(found)
    return found


def names(answer):
    return [one.text for one in answer.html.select(".member-row .row-title a")]


def told(answer):
    return answer.follow().html.select_one("#flashes").text


def test_people_are_found_by_name_handle_and_address(web, admin, db):
    make.user(db, name="Zoë Quinn", username="zquinn", email="zoe@wonder.example")
    make.user(db, name="Percent 100%", username="percent")
    for asked in ("zoë", "QUINN zoë", "@zquinn", "wonder.example", "Zoe@Wonder"):
        assert names(web.get("/admin/users", {"q": asked})) == ["Zoë Quinn"], asked
    assert names(web.get("/admin/users", {"q": "%"})) == ["Percent 100%"]
    for nothing in ("_", "nobody at all", "zoë percent"):
        assert names(web.get("/admin/users", {"q": nothing})) == []
    for odd in ("\x00", "'" * 300, "\\"):
        assert web.get("/admin/users", {"q": odd}).status_int == 200
    for path in ("/admin/users", "/search"):
        web.get(f"{path}?q=%ED%A0%80", status=400)


def test_filters_show_whom_they_say(web, admin, db):
    make.user(db, name="New Comer", email_verified=False)
    make.user(db, name="Gone Away", deactivated_at=make.now())
    make.user(db, name="Plain Person")
    shown = {which: set(names(web.get("/admin/users", {"show": which}))) for which in people.Filter}
    assert shown["administrators"] == {"Root Person"}
    assert shown["unverified"] == {"New Comer"}
    assert shown["deactivated"] == {"Gone Away"}
    assert shown["all"] == {"Root Person", "New Comer", "Gone Away", "Plain Person"}
    assert set(names(web.get("/admin/users?show=nonsense&page=minus"))) == shown["all"]


def test_people_come_page_by_page(web, admin, db):
    for number in range(people.PAGE + 5):
        make.user(db, name=f"Person {number:03}")
    first = web.get("/admin/users?q=person")
    second = web.get(first.html.select_one("a[rel=next]")["href"])
    assert len(names(first)) == people.PAGE
    assert len(names(second)) == 6  # Root Person is one, too
    assert not set(names(first)) & set(names(second))


def test_a_persons_page_tells_the_facts(web, admin, db, new_browser):
    ada = make.user(db, name="Ada Facts")
    group = make.group(db, "Bakers", admin=ada)
    make.discussion(db, group, author=ada)
    new_browser().sign_in(ada)
    page = web.get(f"/admin/users/{ada.id}").text
    for words in ("Ada Facts", ada.email, "Bakers", "1 · 0 · 0", "Last sign-in"):
        assert words in page
    assert web.get("/admin/users/99999999999999", status=404)
    assert web.get("/admin/users/0", status=404)


def test_an_administrator_is_made_and_unmade(web, admin, db):
    ada = make.user(db, name="Ada")
    assert "Ada is an administrator now" in told(web.send(f"/admin/users/{ada.id}/make_admin"))
    assert ada.is_admin
    assert "no longer" in told(web.send(f"/admin/users/{ada.id}/unmake_admin"))
    assert not ada.is_admin


def test_the_last_administrator_stays(web, admin, db):
    make.user(db, name="Gone", is_admin=True, deactivated_at=make.now())
    for act in ("unmake_admin", "deactivate"):
        assert "only administrator" in told(web.send(f"/admin/users/{admin.id}/{act}"))
    assert admin.is_admin
    assert admin.deactivated_at is None
    other = make.admin_of_site(db)
    web.send(f"/admin/users/{admin.id}/unmake_admin")
    assert not admin.is_admin
    assert web.get("/admin", expect_errors=True).status_int == 403
    assert other.is_admin


@pytest.mark.parametrize("fields", [{"email_verified": False}, {"deactivated_at": make.now()}, {"bot": True}])
def test_who_cannot_sign_in_cannot_be_an_administrator(web, admin, db, fields):
    ada = make.user(db, **fields)
    web.send(f"/admin/users/{ada.id}/make_admin")
    assert not ada.is_admin


def test_an_account_is_closed_and_opened(web, admin, db, new_browser):
    ada = make.user(db, name="Ada")
    theirs = new_browser().sign_in(ada)
    assert theirs.get("/dashboard").status_int == 200
    web.send(f"/admin/users/{ada.id}/deactivate")
    assert theirs.get("/profile").status_int == 303
    assert ada.deactivator_id == admin.id
    web.send(f"/admin/users/{ada.id}/deactivate", status=409)
    web.send(f"/admin/users/{ada.id}/reactivate")
    assert ada.deactivated_at is None
    web.send(f"/admin/users/{ada.id}/reactivate", status=409)


def test_somebody_is_signed_out_everywhere(web, admin, db, new_browser):
    ada = make.user(db)
    theirs = [new_browser().sign_in(ada) for _ in range(2)]
    web.send(f"/admin/users/{ada.id}/sign_out")
    assert [one.get("/profile").status_int for one in theirs] == [303, 303]
    assert web.get("/admin/users").status_int == 200


def test_a_sign_in_link_is_mailed_and_works_once(web, admin, db, run_jobs, mailbox, new_browser):
    ada = make.user(db, name="Ada", email_verified=False, email="ada@example.org")
    web.send(f"/admin/users/{ada.id}/send_link")
    run_jobs()
    mail = mailbox.last("ada@example.org")
    token = db.scalars(select(LoginToken)).one().token
    assert f"/login_tokens/{token}" in mail.text
    assert f"/login_tokens/{token}" in mail.html
    assert "Root Person" in mail.text
    browser = new_browser()
    assert browser.send(f"/login_tokens/{token}").status_int == 303
    assert browser.get("/profile").status_int in (200, 303)
    assert db.get(User, ada.id).email_verified
    late = new_browser()
    late.send(f"/login_tokens/{token}", expect_errors=True)
    assert late.get("/profile").status_int == 303, "a used link lets nobody in"


def test_no_link_goes_to_a_closed_account(web, admin, db, run_jobs, mailbox):
    ada = make.user(db, deactivated_at=make.now(), deactivator_id=admin.id)
    assert "closed" in told(web.send(f"/admin/users/{ada.id}/send_link"))
    run_jobs()
    assert db.scalars(select(LoginToken)).all() == []


def test_an_unknown_act_is_no_page(web, admin, db):
    web.send(f"/admin/users/{admin.id}/promote", status=404)


@pytest.mark.parametrize("act", [people.deactivate, people.reactivate, people.sign_out, people.send_link, people.show])
def test_each_act_requires_the_right_itself(ctx, db, act):
    ada, ben = make.user(db), make.user(db)
    with pytest.raises(NotAllowed):
        act(ctx(ben), ada)
    with pytest.raises(SignInNeeded):
        act(ctx(), ada)


def test_queries_do_not_grow_with_people(web, admin, db, queries):
    group = make.group(db)
    make.membership(db, group, admin)
    web.get("/admin/users")
    counts = []
    for _round in range(2):
        with queries() as sent:
            web.get("/admin/users")
            web.get(f"/admin/users/{admin.id}")
        counts.append(sent.count)
        for number in range(20):
            make.user(db)
            make.membership(db, make.group(db, f"Group {number}"), admin)
        web.get(f"/admin/users/{admin.id}")
    assert counts[0] == counts[1], str(sent)
