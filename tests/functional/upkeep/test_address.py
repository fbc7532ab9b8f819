"""Another address for the own account: only who reads it gets it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from llmio.mail import suppression
from llmio.mail.sent import Cause


@pytest.fixture
def ada(make):
    return make.user(name="Ada", email="ada@old.example")


@pytest.fixture
def link(web, ada, run_jobs, mailbox):
    """The path that was mailed to the new address."""
    web.sign_in(ada)
    assert "is on its way" in web.send("/profile/address", {"email": "ADA@new.example"}).follow()
    run_jobs()
    return re.search(r"/profile/address/[\w.-]+", mailbox.last("ada@new.example").text).group(0)


def test_the_address_changes_once_its_mail_is_opened(web, link, ada, run_jobs, db, mailbox):
    assert ada.email == "ada@old.example"
    page = web.get(link)
    assert "ada@new.example" in page
    assert "Your address is ada@new.example now." in web.send(link).follow()
    run_jobs()
    db.refresh(ada)
    assert (ada.email, ada.email_verified) == ("ada@new.example", True)
    told = mailbox.last("ada@old.example").text
    assert "ad…@new.example" in told
    assert "ada@new.example" not in told
    web.get(link, status=404)


def test_the_link_is_of_no_use_to_another_and_works_for_a_day(web, link, make, ada, clock, db):
    web.sign_in(make.user())
    web.send(link, status=403)
    web.sign_in(ada)
    clock.move(hours=25)
    assert "too old" in web.send(link, status=404)
    db.refresh(ada)
    assert ada.email == "ada@old.example"


def test_an_address_that_is_taken_meanwhile_is_left_alone(web, link, make, ada, db):
    make.user(email="ada@new.example")
    web.send(link, status=409)
    db.refresh(ada)
    assert ada.email == "ada@old.example"


def test_the_owner_of_an_account_with_that_address_is_asked_about_merging(web, ada, make, run_jobs, mailbox):
    make.user(email="taken@new.example")
    web.sign_in(ada)
    assert "is on its way" in web.send("/profile/address", {"email": "taken@new.example"}).follow()
    run_jobs()
    assert [mail.subject for mail in mailbox.mails] == [mailbox.last("taken@new.example").subject]
    assert "/profile/merge/" in mailbox.last("taken@new.example").text


@pytest.mark.parametrize("email", ["", "no address", "ada@old.example"])
def test_bad_addresses_are_refused_at_the_field(web, ada, email, run_jobs, mailbox):
    web.sign_in(ada)
    assert 'aria-invalid="true"' in web.send("/profile/address", {"email": email}, status=422)
    run_jobs()
    assert mailbox.mails == []


def test_who_signed_in_long_ago_says_who_they_are(web, ada, clock, run_jobs, mailbox):
    web.sign_in(ada)
    web.send("/profile/password", {"new_password": "three long words"})
    clock.move(hours=2)
    assert "current_password" in web.get("/profile/address")
    wrong = {"email": "ada@new.example", "current_password": "something else"}
    assert "not your present password" in web.send("/profile/address", wrong, status=422)
    run_jobs()
    assert mailbox.mails == []
    web.send("/profile/address", {**wrong, "current_password": "three long words"}, status=303)
    run_jobs()
    assert "/profile/address/" in mailbox.last("ada@new.example").text


def test_an_address_that_bounced_is_written_to_again_once_its_owner_proved_it(web, link, db, ctx):
    suppression.suppress(db, "ada@new.example", Cause.BOUNCE, "550 no such user", ctx().now)
    web.send(link)
    assert suppression.why_not(db, "ada@new.example", "new_comment") is None


def test_no_address_is_taken_that_could_not_sign_up(web, ada, link, db, run_jobs, mailbox):
    db.execute(text("INSERT INTO blocked_domains (name) VALUES ('throwaway.example'), ('new.example')"))
    refused = web.send("/profile/address", {"email": "ada@throwaway.example"}, status=422)
    assert "cannot be used here" in refused
    run_jobs()
    assert mailbox.to("ada@throwaway.example") == []
    web.send(link, status=409)
    db.refresh(ada)
    assert ada.email == "ada@old.example"


def test_who_still_reads_the_former_mailbox_cannot_merge_the_account_away(
    web, link, new_browser, make, run_jobs, mailbox
):
    eve = new_browser().sign_in(make.user(name="Eve"))
    eve.send("/profile/merge", {"email": "ada@old.example"})
    run_jobs()
    merge = re.search(r"/profile/merge/[\w.-]+", mailbox.last("ada@old.example").text).group(0)
    assert eve.get(merge).status_int == 200
    web.send(link)
    eve.send(merge, {"sure": "1"}, status=404)
