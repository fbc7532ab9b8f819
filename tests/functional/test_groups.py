"""Groups through the browser: start, invite, accept, join, lead, leave."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.accounts.models import User
from llmio.core.tables import Event
from llmio.groups.models import Group, Membership, MembershipRequest
from tests import factories as make


def start(web, **fields):
    values = {"name": "Green Coop", "group_privacy": "closed", "membership_granted_upon": "approval"}
    return web.send("/g/new", {**values, **fields}, expect_errors=True)


def test_starting_a_group_makes_its_founder_admin(web, db, sign_in):
    founder = make.user(db, "Ada Founder")
    sign_in(founder)
    assert "Start a group" in web.get("/g/new").text
    answer = start(web)
    assert answer.status_int == 303
    group = db.scalars(select(Group).where(Group.name == "Green Coop")).one()
    mine = db.scalars(select(Membership).where(Membership.group_id == group.id)).one()
    assert (mine.user_id, mine.admin, group.handle, group.memberships_count) == (founder.id, True, "green-coop", 1)
    assert "Invite people" in answer.follow().text


def test_a_refused_form_comes_back_as_filled(web, db, sign_in):
    sign_in(make.user(db))
    answer = start(web, name="", handle="My Handle!", description="About us")
    assert answer.status_int == 422
    form = answer.forms[1] if len(answer.forms) > 1 else answer.form
    assert "About us" in answer.text
    assert "Please fill this in." in answer.text
    assert "Small letters, digits and hyphens only" in answer.text
    assert form is not None
    assert db.scalars(select(Group)).all() == []


@pytest.mark.parametrize("handle", ["search", "d", "admin"])
def test_a_handle_that_the_site_needs_is_refused(web, db, sign_in, handle):
    sign_in(make.user(db))
    answer = start(web, handle=handle)
    assert answer.status_int == 422
    assert "taken by the site itself" in answer.text


def test_a_handle_is_unique_whatever_its_case(web, db, sign_in):
    founder = make.user(db)
    make.group(db, admin=founder, handle="coop")
    sign_in(founder)
    assert start(web, handle="COOP").status_int == 422
    assert start(web, name="Coop").status_int == 303
    assert db.scalars(select(Group.handle).order_by(Group.id.desc())).first() == "coop-2"


@pytest.mark.parametrize(
    ("privacy", "columns"),
    [
        ("open", (True, "public_only", "approval")),
        ("closed", (True, "public_or_private", "approval")),
        ("secret", (False, "private_only", "invitation")),
    ],
)
def test_privacy_sets_the_columns_of_the_reference(web, db, sign_in, privacy, columns):
    sign_in(make.user(db))
    start(web, group_privacy=privacy)
    group = db.scalars(select(Group)).one()
    assert (group.is_visible_to_public, group.discussion_privacy_options, group.membership_granted_upon) == columns


def edit_form(page):
    return next(form for form in page.forms.values() if (form.action or "").endswith("/edit"))


def test_a_subgroup_that_its_parent_alone_sees_does_not_become_public_by_an_edit(db, sign_in):
    """Dumps hold such; the form calls them closed."""
    ada = make.user(db)
    parent = make.group(db, admin=ada)
    group = make.group(
        db, "Cellar", admin=ada, parent_id=parent.id, is_visible_to_public=False, is_visible_to_parent_members=True
    )
    web = sign_in(ada)
    form = edit_form(web.get(f"/g/{group.key}/edit"))
    form["name"] = "Wine cellar"
    form.submit(status=303)
    db.refresh(group)
    assert (group.name, group.is_visible_to_public, group.is_visible_to_parent_members) == ("Wine cellar", False, True)
    web.send(f"/g/{group.key}/edit", {"name": "x", "group_privacy": "secret"}, status=303)
    db.refresh(group)
    assert (group.is_visible_to_public, group.is_visible_to_parent_members) == (False, False)
    web.send(f"/g/{group.key}/edit", {"name": "x", "group_privacy": "closed"}, status=303)
    db.refresh(group)
    assert group.is_visible_to_public is True


def test_a_secret_group_is_unknown_to_others(web, db, new_browser):
    admin, stranger = make.user(db), make.user(db)
    group = make.group(db, "Hidden Circle", admin=admin, is_visible_to_public=False)
    other = new_browser()
    other.sign_in(stranger)
    for path in (f"/g/{group.key}", f"/{group.handle}", f"/g/{group.key}/members", f"/g/{group.key}/edit"):
        answer = other.get(path, expect_errors=True)
        assert answer.status_int == 404
        assert "Hidden Circle" not in answer.text
    assert web.get(f"/g/{group.key}").status_int == 303
    assert web.get("/no-such-group").location == web.get(f"/{group.handle}").location.replace(
        group.handle, "no-such-group"
    )
    web.sign_in(admin)
    assert "Hidden Circle" in web.get(f"/{group.handle}").text


def test_inviting_by_pasted_addresses(web, db, sign_in, run_jobs, mailbox):
    admin = make.user(db, "Ada Admin")
    group = make.group(db, "Green Coop", admin=admin)
    known = make.user(db, "Ben Known")
    sign_in(admin)
    pasted = f'"Zoe" <ZOE@example.org>; {known.email}\nyan@example.org, zoe@example.org'
    answer = web.send(f"/g/{group.key}/invite", {"emails": pasted, "message": "Come and decide with us"})
    assert "3 invitations are on their way" in answer.follow().text
    run_jobs()
    assert sorted(mailbox.addresses()) == sorted(["zoe@example.org", known.email, "yan@example.org"])
    mail = mailbox.last("zoe@example.org")
    assert "Ada Admin invites you to Green Coop" in mail.subject
    assert "Come and decide with us" in mail.text
    assert "/invitations/" in mail.text
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    web.send(f"/g/{group.key}/invite", {"emails": pasted})
    run_jobs()
    assert len(mailbox.mails) == 3


def test_addresses_that_cannot_be_read_send_nothing(web, db, sign_in, run_jobs, mailbox):
    admin = make.user(db)
    group = make.group(db, admin=admin)
    sign_in(admin)
    answer = web.send(f"/g/{group.key}/invite", {"emails": "good@example.org, bad@@nowhere"}, expect_errors=True)
    assert answer.status_int == 422
    assert "bad@@nowhere" in answer.text
    assert "good@example.org" in answer.text
    run_jobs()
    assert mailbox.mails == []


def test_someone_new_accepts_by_the_link_and_is_signed_in(web, db, ctx, new_browser):
    admin = make.user(db)
    group = make.group(db, "Green Coop", admin=admin)
    web.sign_in(admin)
    web.send(f"/g/{group.key}/invite", {"emails": "new@example.org"})
    invited = db.scalars(
        select(Membership).join(User, User.id == Membership.user_id).where(User.email == "new@example.org")
    ).one()
    guest = new_browser()
    page = guest.get(f"/invitations/{invited.token}")
    assert "Green Coop" in page.text
    refused = guest.send(f"/invitations/{invited.token}", {"name": ""}, expect_errors=True)
    assert refused.status_int == 422
    answer = guest.send(f"/invitations/{invited.token}", {"name": "Nia New"})
    assert answer.status_int == 303
    assert "Welcome to Green Coop" in answer.follow().text
    db.refresh(invited)
    assert invited.accepted_at is not None
    person = db.get(User, invited.user_id)
    assert (person.name, person.email_verified) == ("Nia New", True)
    assert db.scalars(select(Event.kind).where(Event.kind == "invitation_accepted")).one()
    assert guest.get(f"/invitations/{invited.token}").location.endswith(f"/g/{group.key}")


def test_an_invitation_of_someone_else_cannot_be_taken(web, db):
    admin, known, thief = make.user(db), make.user(db), make.user(db)
    group = make.group(db, admin=admin)
    invited = make.invitation(db, group, known, inviter=admin)
    web.sign_in(thief)
    assert web.send(f"/invitations/{invited.token}", expect_errors=True).status_int == 403
    db.refresh(invited)
    assert invited.accepted_at is None
    web.sign_out()
    page = web.get(f"/invitations/{invited.token}")
    assert "/sign_in?next=" in page.text
    web.send(f"/invitations/{invited.token}", expect_errors=True)
    db.refresh(invited)
    assert invited.accepted_at is None


def test_a_withdrawn_invitation_is_gone(web, db, sign_in):
    admin = make.user(db)
    group = make.group(db, admin=admin)
    invited = make.invitation(db, group, make.user(db, email_verified=False, name=None), inviter=admin)
    sign_in(admin)
    web.send(f"/memberships/{invited.id}/revoke")
    web.sign_out()
    assert web.get(f"/invitations/{invited.token}", expect_errors=True).status_int == 404


def test_asking_to_join_and_being_let_in(web, db, new_browser, run_jobs, mailbox):
    admin, asker = make.user(db), make.user(db, "Ines Asker")
    group = make.group(db, admin=admin)
    browser = new_browser()
    browser.sign_in(asker)
    browser.send(f"/g/{group.key}/request", {"introduction": "I bake bread"})
    run_jobs()
    assert "Ines Asker asks to join" in mailbox.last(admin.email).subject
    assert browser.send(f"/g/{group.key}/request", {"introduction": "again"}, expect_errors=True).status_int == 409
    page = browser.get(f"/g/{group.key}")
    assert "You have asked to join" in page
    assert page.html.find("a", string="Ask to join") is None
    asked = db.scalars(select(MembershipRequest)).one()
    assert browser.send(f"/membership_requests/{asked.id}/approve", expect_errors=True).status_int == 404
    web.sign_in(admin)
    assert "1 person asks to join." in web.get(f"/g/{group.key}")
    assert "I bake bread" in web.get(f"/g/{group.key}/members").text
    web.send(f"/membership_requests/{asked.id}/approve")
    run_jobs()
    assert "asks to join" not in web.get(f"/g/{group.key}")
    assert "let you into" in mailbox.last(asker.email).subject
    assert browser.get(f"/g/{group.key}/members").status_int == 200
    assert web.send(f"/membership_requests/{asked.id}/approve", expect_errors=True).status_int == 409


def test_a_group_of_requests_is_joined_at_once_and_others_are_not(web, db, sign_in):
    sign_in(make.user(db))
    free = make.group(db, membership_granted_upon="request")
    closed = make.group(db, membership_granted_upon="invitation")
    assert web.send(f"/g/{free.key}/join").status_int == 303
    assert web.send(f"/g/{closed.key}/join", expect_errors=True).status_int == 403


def test_the_join_link_lets_in_until_it_is_replaced(web, db, new_browser):
    admin, guest = make.user(db), make.user(db)
    group = make.group(db, admin=admin, is_visible_to_public=False, membership_granted_upon="invitation")
    old = group.token
    browser = new_browser()
    assert "Continue" in browser.get(f"/join/group/{old}").text
    browser.sign_in(guest)
    assert browser.send(f"/join/group/{old}").status_int == 303
    web.sign_in(admin)
    web.send(f"/g/{group.key}/join_link")
    assert browser.get(f"/join/group/{old}", expect_errors=True).status_int == 404


def test_making_a_coadmin_and_the_last_admin_stays(web, db):
    admin, member = make.user(db), make.user(db)
    group = make.group(db, admin=admin, members=[member])
    rows = {row.user_id: row for row in db.scalars(select(Membership).where(Membership.group_id == group.id))}
    web.sign_in(member)
    assert web.send(f"/memberships/{rows[member.id].id}/make_admin", expect_errors=True).status_int == 403
    web.sign_in(admin)
    assert web.send(f"/g/{group.key}/leave", expect_errors=True).status_int == 422
    web.send(f"/memberships/{rows[member.id].id}/make_admin")
    assert web.send(f"/g/{group.key}/leave").status_int == 303
    db.refresh(rows[admin.id])
    assert rows[admin.id].revoked_at is not None
    web.sign_in(member)
    assert "Admin" in web.get(f"/g/{group.key}/members").text


def test_members_are_for_members(web, db):
    group = make.group(db, members=[make.user(db, "Hidden Member")], is_visible_to_public=True)
    web.sign_in(make.user(db))
    answer = web.get(f"/g/{group.key}/members", expect_errors=True)
    assert answer.status_int in (403, 404)
    assert "Hidden Member" not in answer.text


def test_archiving_hides_the_group(web, db):
    admin, member = make.user(db), make.user(db)
    group = make.group(db, admin=admin, members=[member])
    web.sign_in(member)
    assert web.send(f"/g/{group.key}/archive", expect_errors=True).status_int == 403
    web.sign_in(admin)
    web.send(f"/g/{group.key}/archive")
    assert web.get(f"/g/{group.key}", expect_errors=True).status_int == 404


@pytest.mark.parametrize("page", ["", "/members"])
def test_queries_do_not_grow_with_members(web, db, queries, page):
    admin = make.user(db)
    group = make.group(db, admin=admin, members=[make.user(db)])
    path = f"/g/{group.key}{page}"
    web.sign_in(admin)
    web.get(path)
    with queries() as few:
        web.get(path)
    for _number in range(29):
        make.membership(db, group, make.user(db))
    with queries() as many:
        web.get(path)
    assert many.count == few.count, f"{few}\n-- and with many --\n{many}"


def test_settings_decide_who_may_invite(web, db):
    admin, member = make.user(db), make.user(db)
    group = make.group(db, admin=admin, members=[member], members_can_add_members=False)
    web.sign_in(member)
    assert web.get(f"/g/{group.key}/invite", expect_errors=True).status_int == 403
    web.sign_in(admin)
    web.send(f"/g/{group.key}/settings", {"members_can_add_members": "1"})
    web.sign_in(member)
    assert web.get(f"/g/{group.key}/invite").status_int == 200


def test_the_list_of_groups_at_the_side_loads_what_it_shows(make, web, queries):
    ada = make.user()
    web.sign_in(ada)
    counts = []
    for number in (1, 30):
        for _one in range(number):
            make.group(admin=ada, description="A long story. " * 500)
        web.get("/dashboard")
        with queries() as sent:
            page = web.get("/dashboard")
        counts.append(sent.count)
        assert "A long story" not in page
    assert counts[0] == counts[1], str(sent)
    assert [
        one for one in str(sent).splitlines() if "groups.description" in one and "groups.description_" not in one
    ] == []
    assert "A long story" in web.get(f"/g/{make.group(admin=ada, description='A long story').key}")


def test_the_last_admin_who_would_leave_is_told_once_on_the_page_where_they_are(make, web):
    ada = make.user()
    group = make.group(admin=ada, members=[make.user()])
    web.sign_in(ada)
    page = web.send(
        f"/g/{group.key}/leave",
        headers={"Referer": f"http://localhost/g/{group.key}/members", "Sec-Fetch-Site": "same-origin"},
        status=303,
    )
    assert page.location == f"http://localhost/g/{group.key}/members"
    assert page.follow().text.count("A group needs an admin.") == 1
    assert "A group needs an admin." not in web.get(f"/g/{group.key}/members")
    elsewhere = web.send(f"/g/{group.key}/leave", headers={"Referer": "http://evil.example/g"}, status=422)
    assert elsewhere.html.find("a", string="Back") is None


def test_a_member_gets_a_title_by_the_admin_and_changes_it(make, web):
    ada, ben = make.user("Ada"), make.user("Ben")
    group = make.group(admin=ada)
    mine = make.membership(group, ben)
    members, form = f"/g/{group.key}/members", f"/memberships/{mine.id}/title"
    web.sign_in(ada)
    assert form in web.get(members).text
    web.send(form, {"title": "Treasurer"})
    assert "Treasurer" in web.get(members)
    web.sign_in(ben)
    page = web.get(members).click(href=form)
    assert page.html.find("input", {"name": "title"})["value"] == "Treasurer"
    refused = web.send(form, {"title": "x" * 101}, status=422)
    assert refused.html.find("input", {"name": "title"})["aria-invalid"] == "true"
    web.send(form, {"title": ""})
    assert "Treasurer" not in web.get(members)
    web.sign_in(make.user())
    web.send(form, {"title": "Boss"}, status=403)


def test_members_are_found_by_name_but_no_address_is_guessed_by_its_beginning(sign_in, db):
    ben, cleo = make.user(db, "Ben Okri"), make.user(db, "Cleo Adeyemi", email="xanadu@example.org", username="cleo")
    group = make.group(db)
    for one in (ben, cleo):
        make.membership(db, group, one)
    page = sign_in(ben).get(f"/g/{group.key}/members")
    form = next(one for one in page.forms.values() if "q" in one.fields and one.action.endswith("/members"))
    for asked, found in {
        "Ade": True,
        "cle": True,
        "xana": False,
        "xanadu@example.or": False,
        "Xanadu@example.org": True,
    }.items():
        form["q"] = asked
        assert ("Cleo Adeyemi" in form.submit().text) is found, asked
