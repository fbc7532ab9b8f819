"""Signing in as the operator's switches and limits have it."""

from __future__ import annotations

import pytest

from llmio.accounts.models import LoginToken, SignIn, User
from llmio.polls import service as polls
from llmio.worker.queue import client


@pytest.fixture
def switch(app, monkeypatch):
    """`switch("features.x", value)`: a setting for this test."""
    return lambda key, value: monkeypatch.setitem(app.settings.values, key, value)


def link_in(mailbox):
    """The path of the newest link that lets one in."""
    mail = next(one for one in reversed(mailbox.mails) if one.kind == "login")
    return "/login_tokens/" + mail.text.split("/login_tokens/")[1].split()[0]


def test_invitation_only_site_takes_no_strangers(web, switch, db, run_jobs, mailbox):
    switch("features.disable_create_user", True)
    assert "by invitation" in web.get("/sign_up").text
    assert web.send("/sign_up", {"name": "New Comer", "email": "new@example.org"}, status=403)
    assert db.query(User).filter_by(email="new@example.org").count() == 0
    web.send("/sign_in", {"email": "new@example.org"})
    run_jobs()
    assert "by invitation" in mailbox.last("new@example.org").text
    assert "/sign_up" not in mailbox.last("new@example.org").text


@pytest.fixture
def invite(db, ctx, make):
    """`invite(how, user)`: give somebody unproved what invites them to one thing."""
    ada = make.user("Ada")
    group = make.group(admin=ada)
    thread = make.discussion(group, author=ada)

    def invited(how, user):
        if how == "group":
            return make.invitation(group, user, inviter=ada)
        if how == "thread":
            return make.reader(thread, user, guest=True)
        poll = make.poll(discussion=thread, author=ada)
        if how == "poll":
            return polls.add_voters(ctx(ada), poll, emails=[user.email])
        poll.closed_at = ctx().now
        outcome = make.outcome(poll, author=ada)
        return polls.share_outcome(ctx(ada), outcome, emails=user.email)

    return invited


INVITED = ["group", "thread", "poll", "outcome"]


@pytest.mark.parametrize("how", INVITED)
def test_invitation_only_site_takes_the_invited(web, switch, make, invite, run_jobs, mailbox, db, how):
    switch("features.disable_create_user", True)
    person = make.user(None, email="invited@example.org", email_verified=False)
    invite(how, person)
    web.send("/sign_in", {"email": "invited@example.org"})
    run_jobs()
    link = link_in(mailbox)
    web.send(link, status=303)
    db.refresh(person)
    assert person.email_verified


def test_who_was_not_invited_does_not_come_in_by_asking_for_a_mail(web, switch, db, run_jobs, mailbox):
    web.send("/sign_up", {"name": "New Comer", "email": "new@example.org"}, status=303)
    web.send("/sign_in", {"email": "new@example.org"}, status=303)
    run_jobs()
    link = link_in(mailbox)
    switch("features.disable_create_user", True)
    assert "by invitation only" in web.send(link, status=403).text
    web.send("/sign_in", {"email": "new@example.org"}, status=303)
    run_jobs()
    told = mailbox.last("new@example.org").text
    assert "/login_tokens/" not in told
    assert "by invitation" in told
    assert db.query(User).filter_by(email="new@example.org").one().email_verified is False


def test_who_began_a_sign_up_and_was_invited_then_comes_in(web, switch, ctx, invite, db, run_jobs, mailbox):
    web.send("/sign_up", {"name": "New Comer", "email": "new@example.org"}, status=303)
    run_jobs()
    link = link_in(mailbox)
    switch("features.disable_create_user", True)
    person = db.query(User).filter_by(email="new@example.org").one()
    membership = invite("group", person)
    membership.revoked_at = ctx().now
    db.flush()
    web.send(link, status=403)
    membership.revoked_at = None
    db.flush()
    web.send(link, status=303)
    db.refresh(person)
    assert person.email_verified


def test_site_without_email_login_takes_neither_link_nor_password(web, switch, make, db):
    switch("features.disable_email_login", True)
    ada = make.user()
    token = LoginToken(user=ada, token="secret-of-the-link", code=123456)
    db.add(token)
    assert "switched off" in web.get("/sign_in").text
    assert web.send("/sign_in", {"email": ada.email}, status=403)
    assert web.send("/sign_in", {"email": ada.email, "password": "x" * 10}, status=403)
    assert web.send("/sign_up", {"name": "New Comer", "email": "new@example.org"}, status=403)
    assert web.send("/login_tokens/secret-of-the-link", status=403)
    assert db.query(SignIn).count() == 0


def test_terms_must_be_accepted_where_there_are_some(web, switch, run_jobs, db, mailbox):
    switch("accounts.terms_url", "https://example.org/terms")
    page = web.send("/sign_up", {"name": "New Comer", "email": "new@example.org"}, status=422)
    assert "https://example.org/terms" in page.text
    assert (
        web.send("/sign_up", {"name": "New Comer", "email": "new@example.org", "legal_accepted": "1"}).status_int == 303
    )
    run_jobs()
    link = mailbox.last().text.split("/login_tokens/")[1].split()[0]
    web.send(f"/login_tokens/{link}")
    assert db.query(User).filter_by(email="new@example.org").one().legal_accepted_at is not None


@pytest.mark.parametrize("email", ["decide@example.org", "notifications@localhost", "x@diide.com"])
def test_some_addresses_are_nobodys(web, switch, email, db, run_jobs, mailbox):
    switch("accounts.decide_email", "decide@example.org")
    switch("mail.from", "notifications@localhost")
    web.send("/sign_up", {"name": "New Comer", "email": email})
    run_jobs()
    assert db.query(User).filter_by(email=email).count() == 0
    assert mailbox.mails == []


@pytest.mark.parametrize(
    ("path", "fields", "an_hour"),
    [
        ("/sign_in", {"email": "user{}@example.org"}, 10),
        ("/sign_in", {"email": "user{}@example.org", "password": "wrong-password"}, 10),
        ("/sign_up", {"email": "user{}@example.org", "name": "New Comer"}, 10),
    ],
)
def test_one_address_on_the_internet_is_limited(web, new_browser, switch, middle_of_an_hour, path, fields, an_hour):
    switch("limits.rate_factor", 1.0)

    def tries(browser, count, **how):
        filled = ({name: value.format(number) for name, value in fields.items()} for number in range(count))
        return [browser.send(path, one, expect_errors=True, **how).status_int == 429 for one in filled]

    assert tries(web, an_hour) == [False] * an_hour
    assert tries(new_browser(), 2) == [True, True]
    assert tries(web, 1, extra_environ={"REMOTE_ADDR": "192.0.2.7"}) == [False]
    middle_of_an_hour.move(hours=1)
    assert tries(web, 1) == [False]


def test_limit_can_be_widened_and_switched_off(web, switch, middle_of_an_hour):
    switch("limits.rate_factor", 0.1)
    assert web.send("/sign_in", {"email": "a@example.org"}).status_int == 303
    assert web.send("/sign_in", {"email": "b@example.org"}, status=429)
    switch("limits.on", False)
    assert web.send("/sign_in", {"email": "b@example.org"}).status_int == 303


def test_client_behind_a_proxy_is_told_by_the_last_forwarded_entry(web, switch, middle_of_an_hour):
    switch("limits.rate_factor", 0.1)
    forged = {"X-Forwarded-For": "198.51.100.1, 203.0.113.5"}
    other = {"X-Forwarded-For": "198.51.100.2, 203.0.113.5"}
    assert web.send("/sign_in", {"email": "a@example.org"}, headers=forged).status_int == 303
    assert web.send("/sign_in", {"email": "b@example.org"}, headers=other, status=429)
    direct = {"REMOTE_ADDR": "8.8.8.8"}
    assert web.send("/sign_in", {"email": "b@example.org"}, headers=other, extra_environ=direct).status_int == 303
    forging = {"X-Forwarded-For": "198.51.100.3"}
    assert web.send("/sign_in", {"email": "c@example.org"}, headers=forging, extra_environ=direct, status=429)


def test_door_stays_open_while_redis_is_down(web, app, switch, monkeypatch, make, run_jobs, mailbox):
    switch("limits.rate_factor", 1.0)
    monkeypatch.setattr(app, "redis", client("redis://127.0.0.1:9", seconds=0.2))
    ada = make.user()
    assert web.send("/sign_in", {"email": ada.email}).status_int == 303
    run_jobs()
    link = mailbox.last(ada.email).text.split("/login_tokens/")[1].split()[0]
    assert web.send(f"/login_tokens/{link}").status_int == 303
    assert web.get("/profile").status_int == 200
