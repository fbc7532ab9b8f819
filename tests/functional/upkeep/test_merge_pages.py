"""Merging one's accounts through the pages: only who owns both addresses can."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def old(make):
    return make.user(name="Ada Old", email="old@example.org")


@pytest.fixture
def new(make):
    return make.user(name="Ada New", email="new@example.org")


@pytest.fixture
def link(web, old, new, run_jobs, mailbox):
    """The path that was mailed to the old address."""
    web.sign_in(new)
    web.send("/profile/merge", {"email": "OLD@example.org"}).follow()
    run_jobs()
    return re.search(r"/profile/merge/[\w.-]+", mailbox.last("old@example.org").text).group(0)


def test_the_owner_of_both_merges_them(web, link, old, new, run_jobs, db, mailbox):
    page = web.get(link)
    assert "old@example.org" in page
    form = next(one for one in page.forms.values() if "sure" in one.fields)
    form["sure"] = True
    assert "being merged" in form.submit().follow()
    run_jobs()
    db.expire_all()
    assert old.email is None
    assert new.email == "new@example.org"
    assert "one now" in mailbox.last("new@example.org").subject
    assert web.get(link, status=404)


def test_without_the_tick_nothing_is_merged(web, link, old, run_jobs, db):
    page = web.send(link, {}, status=422)
    assert "Please tick this" in page
    run_jobs()
    db.expire_all()
    assert old.email == "old@example.org"


def test_the_link_is_of_no_use_to_another(web, link, make, old, run_jobs, db):
    web.sign_in(make.user())
    page = web.get(link, status=403)
    assert "new@example.org" not in page
    web.send(link, {"sure": "1"}, status=403)
    run_jobs()
    db.expire_all()
    assert old.email == "old@example.org"


def test_a_link_works_for_a_day(web, link, clock):
    clock.move(hours=23)
    assert web.get(link).status_int == 200
    clock.move(hours=2)
    assert "too old" in web.get(link, status=404)


@pytest.mark.parametrize("path", ["/profile/merge/nonsense", "/profile/merge/WzEsMl0.abc"])
def test_a_made_up_link_leads_nowhere(web, new, path):
    web.sign_in(new)
    web.get(path, status=404)


@pytest.mark.parametrize("email", ["", "no address", "new@example.org"])
def test_bad_addresses_are_refused_at_the_field(web, new, email, run_jobs, mailbox):
    web.sign_in(new)
    page = web.send("/profile/merge", {"email": email}, status=422)
    assert 'aria-invalid="true"' in page
    run_jobs()
    assert mailbox.mails == []


def test_an_address_without_an_account_gets_the_same_answer_and_no_mail(web, new, old, run_jobs, mailbox):
    web.sign_in(new)
    told = [web.send("/profile/merge", {"email": email}).follow().text for email in (old.email, "nobody@example.org")]
    assert told[0].replace(old.email, "X").count("a mail to it is on its way") == 1
    assert told[1].replace("nobody@example.org", "X").count("a mail to it is on its way") == 1
    run_jobs()
    assert mailbox.addresses() == [old.email]
