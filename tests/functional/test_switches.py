"""Each switch of the operator, off and on, as people, machines and mail meet it; switched on the page while the site runs."""

from __future__ import annotations

import base64
import itertools
import re
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from llmio.accounts.models import User
from llmio.admin.service import features
from llmio.discussions.models import Discussion
from llmio.groups.models import Group
from tests import factories as make
from tests.functional.test_groups import edit_form

HOST = "reply.example.net"
numbers = itertools.count(1)


@pytest.fixture
def scene(app, db, monkeypatch, new_browser):
    """People, groups and a poll; the operator's browser; one of a member and one of a stranger."""
    for key, value in {
        "mail.reply_host": HOST,
        "mail.inbound_password": "relay-secret",
        "site.support_email": "ops@example.org",
        "site.help_url": "https://help.example.org/",
        "theme.logo": "/logo.svg",
    }.items():
        monkeypatch.setitem(app.settings.values, key, value)
    root = make.admin_of_site(db)
    ada = make.user(db, name="Ada", email="ada@example.org", email_api_key="KeyOfAda01")
    ben = make.user(db, name="Ben")
    open_group = make.group(
        db, "Kitchen", admin=ben, members=[ada], handle="kitchen", listed_in_explore=True,
        discussion_privacy_options="public_only",
    )  # fmt: skip
    thread = make.discussion(db, open_group, title="Lunch", private=False)
    poll = make.poll(db, discussion=thread, voters=[ada, ben])
    return SimpleNamespace(
        db=db, root=new_browser().sign_in(root), ada=new_browser().sign_in(ada), ben=new_browser().sign_in(ben),
        stranger=new_browser(), group=open_group, thread=thread, poll=poll,
    )  # fmt: skip


@pytest.fixture
def switch(scene):
    """`switch(key, value)`: on the administrators' page; None takes it back."""

    def switched(key, value, **fields):
        given = {"default": "1"} if value is None else {"value": value}
        return scene.root.send(f"/admin/features/{key}", given | fields).follow()

    return switched


def status(browser, path):
    return browser.get(path, expect_errors=True).status_int


def sees(browser, path):
    """Whether somebody gets to see a page, and is not told that there is none, or to sign in."""
    answer = browser.get(path, expect_errors=True)
    while answer.status_int in (301, 302, 303) and "/sign_in" not in answer.headers["Location"]:
        answer = answer.follow(expect_errors=True)
    return answer.status_int == 200


def signs_up(scene, mailbox, run_jobs):
    number = scene.db.query(User).count()
    answer = scene.stranger.send("/sign_up", {"name": "New", "email": f"new{number}@example.org"}, expect_errors=True)
    run_jobs()
    sent = [mail.to[1] for mail in mailbox.mails if mail.to[1] == f"new{number}@example.org"]
    scene.stranger.send("/sign_in", {"email": f"none{number}@example.org"})
    run_jobs()
    offered = "/sign_up" in mailbox.last(f"none{number}@example.org").text
    return (answer.status_int, len(sent), offered)


def starts_group(scene, *_):
    return (status(scene.ada, "/g/new"), "/g/new" in scene.ada.get("/dashboard").text)


def public(scene, *_):
    """A stranger at a group, its thread and poll; a member at the form for a new group."""
    pages = (f"/g/{scene.group.key}", f"/d/{scene.thread.key}", f"/p/{scene.poll.key}")
    made = scene.ada.send(
        "/g/new", {"name": "New", "group_privacy": "open", "membership_granted_upon": "request"}, expect_errors=True
    )
    return (
        *(sees(scene.stranger, page) for page in pages),
        made.status_int,
        'value="open"' in scene.ada.get("/g/new").text,
    )


def by_mail(scene, mailbox, run_jobs):
    """Whether a thread comes of a mail; whether the page shows an address for it."""
    shown = "kitchen+u=" in scene.ada.get(f"/g/{scene.group.key}/my_address").text
    return (thread_from_mail(scene, mailbox, run_jobs), shown)


def thread_from_mail(scene, _mailbox, run_jobs):
    user = scene.db.query(User).filter_by(email="ada@example.org").one()
    message = EmailMessage()
    message["From"], message["To"] = "ada@example.org", f"kitchen+u={user.id}&k={user.email_api_key}@{HOST}"
    message["Subject"], message["Message-ID"] = "By mail", f"<{next(numbers)}@client.example>"
    message.set_content("What do you think?")
    key = base64.b64encode(b"actionmailbox:relay-secret").decode()
    scene.stranger.post(
        "/rails/action_mailbox/relay/inbound_emails", message.as_bytes(), content_type="message/rfc822",
        headers={"Authorization": f"Basic {key}"}, status=204,
    )  # fmt: skip
    run_jobs()
    return scene.db.query(Discussion).filter_by(title="By mail").count() > 0


def robots(scene, *_):
    return "Disallow: /\n" not in scene.stranger.get("/robots.txt").text


def sitemap(scene, *_):
    answer = scene.stranger.get("/sitemap.xml", expect_errors=True)
    paths = (f"/g/{scene.group.key}", f"/d/{scene.thread.key}")
    return (answer.status_int, all(path in answer.text for path in paths))


def receipts(scene, *_):
    path = f"/p/{scene.poll.key}/receipts"
    return (
        status(scene.ada, path),
        path in scene.ada.get(f"/p/{scene.poll.key}").follow().text,
        status(scene.ben, path),
    )


def consent(scene, *_):
    message = {"name": "Ada", "email": "ada@example.org", "subject": "Hi", "message": "Hello"}
    without = scene.stranger.send("/contact", message, expect_errors=True).status_int
    return (without, scene.stranger.send("/contact", {**message, "consent": "1"}).status_int)


def shown(path, words, who="ada"):
    """Whether a page of somebody's holds the words."""
    return lambda scene, *_: words in getattr(scene, who).get(path).text


def explored(scene, *_):
    pages = (scene.ada.get("/explore", expect_errors=True), scene.stranger.get("/explore", expect_errors=True))
    linked = (
        'href="/explore"' in scene.ada.get("/dashboard").text,
        'href="/explore"' in scene.stranger.get("/sign_in").text,
    )
    return (*(page.status_int for page in pages), "Kitchen" in pages[0].text, *linked)


CASES = {
    "features.disable_create_user": (signs_up, (303, 1, True), (403, 0, False)),
    "features.disable_create_group": (starts_group, (200, True), (403, False)),
    "features.disable_public_groups": (public, (True, True, True, 303, True), (False, False, False, 422, False)),
    "features.disable_thread_from_mail": (by_mail, (True, True), (False, False)),
    "features.explore": (explored, (404, 404, False, False, False), (200, 200, True, True, True)),
    "site.robots": (robots, False, True),
    "features.sitemap": (sitemap, (404, False), (200, True)),
    "features.verify_by_admins": (receipts, (200, True, 200), (403, False, 200)),
    "features.contact_consent": (consent, (303, 303), (422, 303)),
    "features.new_thread_button": (shown("/dashboard", "sidebar-new"), False, True),
    "features.gray_logo": (shown("/dashboard", "gray-logo"), False, True),
    "features.disable_help_link": (shown("/dashboard", "https://help.example.org/"), True, False),
    "features.contact": (shown("/sign_in", 'href="/contact"', "stranger"), False, True),
}
OWN = {"features.restrict_explore", "site.notice", "features.default_path"}
"""Those with a test of their own below."""


@pytest.mark.parametrize("key", CASES)
def test_a_switch_changes_what_it_names_and_is_taken_back(scene, switch, key, mailbox, run_jobs):
    look, off, on = CASES[key]
    if key == "features.disable_thread_from_mail":
        switch(key, "1")
        assert look(scene, mailbox, run_jobs) == on
        switch(key, None)
        assert look(scene, mailbox, run_jobs) == off
        return
    assert look(scene, mailbox, run_jobs) == off
    switch(key, "1")
    assert look(scene, mailbox, run_jobs) == on
    switch(key, "0")
    assert look(scene, mailbox, run_jobs) == off


@pytest.mark.parametrize("key", [key for key in CASES if key != "features.disable_thread_from_mail"])
def test_a_variable_does_the_same(scene, app, monkeypatch, key, mailbox, run_jobs):
    look, _off, on = CASES[key]
    monkeypatch.setitem(app.settings.values, key, True)
    monkeypatch.setitem(app.settings.origins, key, "environment")
    assert look(scene, mailbox, run_jobs) == on


def test_every_switch_is_tried_here(app):
    switchable = {key for key, item in app.settings.declared.items() if item.switch}
    assert switchable == set(features.TITLES) == set(CASES) | OWN


def test_the_list_of_groups_may_be_for_members_alone(scene, switch):
    switch("features.explore", "1")
    assert status(scene.stranger, "/explore") == 200
    switch("features.restrict_explore", "1")
    assert scene.stranger.get("/explore").headers["Location"].startswith("http://localhost/sign_in")
    assert 'href="/explore"' not in scene.stranger.get("/sign_in").text
    assert status(scene.ada, "/explore") == 200


def test_a_notice_is_on_every_page_until_it_is_taken_back(scene, switch, app):
    listening = app.redis.pubsub(ignore_subscribe_messages=True)
    listening.subscribe("/system_notice")
    listening.get_message(timeout=1)
    switch("site.notice", "Down at <noon>")
    for page in (scene.stranger.get("/sign_in"), scene.ada.get("/dashboard")):
        assert "Down at <noon>" in page.html.select_one("#system-notice").text
    message = listening.get_message(timeout=5) or listening.get_message(timeout=5)
    assert b"Down at <noon>" in message["data"]
    listening.close()
    switch("site.notice", None)
    assert scene.ada.get("/dashboard").html.select_one("#system-notice") is None


def test_the_first_page_is_chosen(scene, switch):
    assert scene.ada.get("/").headers["Location"] == "http://localhost/dashboard"
    switch("features.default_path", "/inbox")
    assert scene.ada.get("/").headers["Location"] == "http://localhost/inbox"


def test_no_public_group_is_found_on_the_map_or_in_the_list(scene, switch):
    for key in ("features.explore", "features.sitemap", "features.disable_public_groups"):
        switch(key, "1")
    assert "Kitchen" not in scene.ada.get("/explore").html.select_one("main").text
    assert scene.group.key not in scene.stranger.get("/sitemap.xml").text
    assert status(scene.ada, f"/g/{scene.group.key}") == 200  # a member


def test_a_public_group_is_edited_while_there_are_none_and_stays_what_it_was(scene, switch):
    switch("features.disable_public_groups", "1")
    page = scene.ben.get(f"/g/{scene.group.key}/edit")
    assert ("only members see it until it has" in page.text, "Anyone may find" in page.text) == (True, False)
    form = edit_form(page)
    form["name"] = "Great kitchen"
    form.submit(status=303)
    scene.db.refresh(scene.group)
    found = (scene.group.name, scene.group.is_visible_to_public, scene.group.discussion_privacy_options)
    assert (*found, scene.group.listed_in_explore) == ("Great kitchen", True, "public_only", True)
    assert sees(scene.stranger, f"/g/{scene.group.key}") is False
    scene.ben.send(f"/g/{scene.group.key}/edit", {"name": "x", "group_privacy": "closed"}, status=422)
    scene.ben.send(f"/g/{scene.group.key}/edit", {"name": "x", "group_privacy": "secret"}, status=303)
    assert 'value="open"' not in scene.ben.get(f"/g/{scene.group.key}/edit").text


def test_no_way_leads_a_guest_to_a_group_that_was_public(scene, switch, new_browser):
    zoe = make.user(scene.db, name="Zoe")
    make.reader(scene.db, scene.thread, zoe, guest=True)
    guest = new_browser().sign_in(zoe)
    assert 'href="/kitchen"' in guest.get("/dashboard").text
    switch("features.disable_public_groups", "1")
    page = guest.get("/dashboard").text
    assert ("Lunch" in page, 'href="/kitchen"' in page) == (True, False)


def test_a_sign_up_that_was_begun_before_is_not_finished(scene, switch, mailbox, run_jobs):
    scene.stranger.send("/sign_up", {"name": "New", "email": "new@example.org"}, status=303)
    run_jobs()
    link = re.search(r"/login_tokens/\w+", mailbox.last("new@example.org").text)[0]
    switch("features.disable_create_user", "1")
    assert "by invitation only" in scene.stranger.send(link, status=403).text
    person = scene.db.scalars(select(User).where(User.email == "new@example.org")).one()
    assert person.email_verified is False
    switch("features.disable_create_user", None)
    scene.stranger.send(link, status=303)
    scene.db.refresh(person)
    assert person.email_verified is True


# -- for single groups ---------------------------------------------------------------------------------------------------


def test_a_group_may_have_its_own_way(scene, switch, db):
    other = make.group(db, "Office", admin=db.query(User).filter_by(name="Ben").one())
    sub = make.group(db, "Stove", admin=db.query(User).filter_by(name="Ben").one(), parent_id=scene.group.id)
    ada = db.query(User).filter_by(name="Ada").one()
    polls = []
    for group in (other, sub):
        make.membership(db, group, ada)
        polls.append(make.poll(db, discussion=make.discussion(db, group), voters=[ada]))
    paths = [f"/p/{poll.key}/receipts" for poll in (scene.poll, *polls)]
    page = switch("features.verify_by_admins", "1", of_group="1", group="kitchen")
    assert "Kitchen" in page.html.select_one("#switch-features-verify_by_admins").text
    assert [status(scene.ada, path) for path in paths] == [403, 200, 403]
    switch("features.verify_by_admins", "0", of_group="1", group=sub.key)
    assert [status(scene.ada, path) for path in paths] == [403, 200, 200]
    switch("features.verify_by_admins", "1")
    assert [status(scene.ada, path) for path in paths] == [403, 403, 200]
    switch("features.verify_by_admins", None, of_group="1", group=sub.id)
    assert [status(scene.ada, path) for path in paths] == [403, 403, 403]


def test_mail_to_one_group_may_be_switched_off(scene, switch, run_jobs, mailbox):
    switch("features.disable_thread_from_mail", "1", of_group="1", group="kitchen")
    assert by_mail(scene, mailbox, run_jobs) == (False, False)
    switch("features.disable_thread_from_mail", None, of_group="1", group="kitchen")
    assert by_mail(scene, mailbox, run_jobs) == (True, True)


# -- the page ------------------------------------------------------------------------------------------------------------


def test_what_a_variable_says_wins_and_is_shown_so(scene, switch, app, monkeypatch):
    switch("features.explore", "1")
    monkeypatch.setitem(app.settings.origins, "features.explore", "environment")
    monkeypatch.setitem(app.settings.named, "features.explore", "FEATURES_EXPLORE_PUBLIC_GROUPS")
    row = scene.root.get("/admin/features").html.select_one("#switch-features-explore")
    assert "FEATURES_EXPLORE_PUBLIC_GROUPS decides about this" in row.text
    assert row.select_one("button[disabled]")["aria-describedby"] == "held-features-explore"
    assert row.select_one("form") is None
    assert status(scene.ada, "/explore") == 404
    refused = scene.root.send("/admin/features/features.explore", {"value": "0"}, expect_errors=True)
    assert refused.status_int == 409


def test_who_changed_what_and_when_is_kept(scene, switch, clock):
    switch("features.sitemap", "1")
    clock.move(hours=1)
    switch("features.sitemap", None)
    page = switch("features.sitemap", None)  # changes nothing more
    changes = [one.text for one in page.html.select("section:last-of-type .row-note")]
    told = scene.root.get("/admin/features.json").json["history"]
    assert [(one["before"], one["after"]) for one in told] == [("on", "default"), ("default", "on")]
    assert told[0]["at"] > told[1]["at"]
    assert told[0]["who"]
    assert any("on → default" in one for one in changes)


@pytest.mark.parametrize(
    ("key", "fields", "wrong", "code"),
    [
        ("features.sitemap", {"value": "maybe"}, "on or off", 422),
        ("features.sitemap", {"value": "1", "of_group": "1", "group": "kitchen"}, "for the whole site alone", 422),
        ("features.verify_by_admins", {"value": "1", "of_group": "1", "group": "nowhere"}, "no such group", 422),
        ("features.verify_by_admins", {"value": "1", "of_group": "1", "group": ""}, "no such group", 422),
        ("features.verify_by_admins", {"value": "1", "of_group": "1", "group": "\x00"}, "no such group", 422),
        ("features.default_path", {"value": "//evil.example"}, "A path of this site", 422),
        ("site.notice", {"value": " "}, "Please write something", 422),
        ("site.notice", {"value": "x" * 501}, "At most 500", 422),
        ("site.notice", {"value": "a\x00b"}, "At most 500", 422),
        ("site.name", {"value": "x"}, "no switch site.name", 404),
        ("features.disable_email_login", {"value": "1"}, "no switch", 404),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(scene, key, fields, wrong, code):
    answer = scene.root.send(f"/admin/features/{key}", fields, expect_errors=True)
    assert answer.status_int == code
    assert wrong in answer.text
    assert scene.root.get("/admin/features.json").json["history"] == []


def test_the_page_is_for_administrators(scene):
    for path in ("/admin/features", "/admin/features.json"):
        assert status(scene.ada, path) == 403
        assert status(scene.stranger, path) in (303, 401)
    assert scene.ada.send("/admin/features/features.sitemap", {"value": "1"}, expect_errors=True).status_int == 403
    forged = scene.root.post("/admin/features/features.sitemap", {"value": "1"}, expect_errors=True)
    assert forged.status_int in (400, 403)
    assert status(scene.stranger, "/sitemap.xml") == 404


def test_the_page_asks_as_much_for_many_groups_as_for_one(scene, switch, queries, db):
    def asked():
        with queries() as sent:
            scene.root.get("/admin/features")
        return sent.count

    switch("features.verify_by_admins", "1", of_group="1", group="kitchen")
    few = asked()
    for number in range(20):
        make.group(db, f"More {number}", handle=f"more-{number}")
        switch("features.verify_by_admins", "1", of_group="1", group=f"more-{number}")
    assert db.scalar(select(Group.id).filter_by(handle="more-19"))
    assert asked() == few


def test_requests_ask_nothing_for_switches(scene, switch, queries):
    def asked():
        with queries() as sent:
            scene.ada.get("/dashboard")
        return [one for one in str(sent).splitlines() if "switch" in one], sent.count

    before = asked()
    switch("features.new_thread_button", "1")
    assert "sidebar-new" in scene.ada.get("/dashboard").text
    assert asked() == before == ([], before[1])
