"""An outcome sent to people outside, by address."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from llmio.accounts.models import User
from llmio.polls import service


@pytest.fixture
def closed(start, ada, group, ctx):
    return service.close_poll(ctx(ada), start(ada, group=group, title="Which loom?"))


@pytest.fixture
def outcome(closed, ada, ctx):
    return service.publish_outcome(ctx(ada), closed, statement="The blue one.")


@pytest.fixture
def share(ada, outcome, new_browser, run_jobs, mailbox):
    """`share(emails)`: Ada sends the outcome by the form; the answer."""

    def sent(emails, status=303, **more):
        mailbox.mails.clear()
        answer = (
            new_browser().sign_in(ada).send(f"/outcomes/{outcome.id}/share", {"emails": emails, **more}, status=status)
        )
        run_jobs()
        return answer

    return sent


def link_in(mail):
    return re.search(r"http://localhost(/p/\S+outcome_token=\S+)", mail.text)[1]


def test_an_outcome_is_sent_outside_by_address(share, outcome, closed, group, ben, ada, mailbox, new_browser, make):
    make.discussion(group, author=ada, title="Secret plans")
    share(f"Eve <eve@example.org>, EVE@example.org; {ben.email}\nfay@example.org", message="For you")
    assert sorted(mail.to[1] for mail in mailbox.mails) == sorted(["eve@example.org", "fay@example.org", ben.email])
    assert "outcome_token" not in mailbox.last(ben.email).text, "he is a member"
    mail = mailbox.last("eve@example.org")
    assert ("The blue one." in mail.text, "> For you" in mail.text, mail.reply_to) == (True, True, None)
    eve = new_browser()
    page = eve.get(link_in(mail)).follow()
    assert "The blue one." in page
    assert "Share it" not in page
    eve.get(f"/p/{closed.key}").follow(status=200)  # the link is remembered
    assert "/sign_in" in eve.get(f"/p/{closed.key}/voters", status=303).location
    assert "Secret plans" not in eve.get(f"/g/{group.key}", status="*")
    stop = re.search(r"http://localhost(/unsubscribe/\S+)", mail.text)[1]
    assert eve.get(stop).status_int == 200


def test_each_is_sent_it_once(share, mailbox):
    share("eve@example.org")
    share("eve@example.org fay@example.org")
    assert [mail.to[1] for mail in mailbox.mails] == ["fay@example.org"]
    refused = share("eve@example.org", status=422)
    assert "They were sent it already." in refused
    assert mailbox.mails == []


def test_who_signs_in_with_that_address_sees_it_too(share, closed, db, new_browser, make):
    share("eve@example.org")
    eve = db.scalars(select(User).where(User.email == "eve@example.org")).one()
    new_browser().sign_in(eve).get(f"/p/{closed.key}").follow(status=200)
    new_browser().sign_in(make.user("Dan")).get(f"/p/{closed.key}", status=404)


@pytest.mark.parametrize("change", ["-1", "x", "outcome", "user", "other poll"])
def test_no_other_link_opens_it(share, outcome, closed, mailbox, new_browser, start, ada, ben, group, ctx, change):
    share("eve@example.org")
    number, user, sign = re.search(r"outcome_token=(\d+)-(\d+)-(\w+)", mailbox.mails[0].text).groups()
    other = service.close_poll(ctx(ada), start(ada, group=group))
    forged = {
        "-1": "-1", "x": f"{number}-{user}-{sign[:-1]}x", "outcome": f"{int(number) + 1}-{user}-{sign}",
        "user": f"{number}-{ben.id}-{sign}", "other poll": f"{number}-{user}-{sign}",
    }[change]  # fmt: skip
    key = other.key if change == "other poll" else closed.key
    assert "/sign_in" in new_browser().get(f"/p/{key}", {"outcome_token": forged}, status=303).location


def test_the_link_shows_no_poll_that_is_open_again(share, closed, mailbox, new_browser, ada, ctx):
    share("eve@example.org")
    act = ctx(ada)
    service.reopen_poll(act, closed, closing_at=act.now + timedelta(days=1))
    assert "/sign_in" in new_browser().get(link_in(mailbox.mails[0]), status=303).location


@pytest.mark.parametrize(
    ("emails", "said"),
    [
        ("nobody@", "“nobody@” was not understood"),
        ("Eve", "“Eve” was not understood"),
        (" ".join(f"p{number}@example.org" for number in range(201)), "At most 200 addresses at once"),
        ("", "Please choose somebody."),
    ],
)
def test_addresses_that_cannot_be_taken(share, mailbox, emails, said):
    page = share(emails, status=422)
    assert said in page
    assert emails[:30] in page
    assert mailbox.mails == []


def test_who_may_not_invite_guests_sends_nothing_outside(outcome, group, ben, closed, sign_in, mailbox, run_jobs, db):
    closed.author_id = ben.id
    group.members_can_add_guests = False
    group.members_can_announce = True
    db.flush()
    web = sign_in(ben)
    assert "Others, by e-mail" not in web.get(f"/outcomes/{outcome.id}/share")
    web.send(f"/outcomes/{outcome.id}/share", {"emails": "eve@example.org"}, status=403)
    run_jobs()
    assert mailbox.mails == []


def test_guests_change_nothing_in_the_poll(share, closed, db):
    before = (closed.voters_count, closed.undecided_voters_count)
    share("eve@example.org")
    db.refresh(closed)
    assert (closed.voters_count, closed.undecided_voters_count) == before


# -- shown out again -----------------------------------------------------------------------------------------------------


def eve_of(db):
    return db.scalars(select(User).where(User.email == "eve@example.org")).one()


def test_a_guest_of_an_outcome_is_shown_out(share, outcome, closed, mailbox, new_browser, ada, db, group):
    share("eve@example.org fay@example.org")
    links = [link_in(mailbox.last(f"{name}@example.org")) for name in ("eve", "fay")]
    eve, fay = new_browser(), new_browser()
    for one, link in ((eve, links[0]), (fay, links[1])):
        one.get(link).follow(status=200)
    web = new_browser().sign_in(ada)
    page = web.get(f"/outcomes/{outcome.id}/share")
    assert [one.get_text(" ", strip=True) for one in page.html.select("#guests .row-title > span:first-child")] == ["eve@example.org", "fay@example.org"]  # fmt: skip
    form = next(one for one in page.forms.values() if one.action.endswith(f"/guests/{eve_of(db).id}/remove"))
    page = form.submit().follow()
    assert "eve@example.org can no longer see this poll and its outcome" in page
    assert [one.get_text(" ", strip=True) for one in page.html.select("#guests .row-title > span:first-child")] == [
        "fay@example.org"
    ]
    assert "/sign_in" in eve.get(f"/p/{closed.key}", status=303).location, "the page that remembered the link"
    assert "/sign_in" in new_browser().get(links[0], status=303).location
    new_browser().sign_in(eve_of(db)).get(f"/p/{closed.key}", status=404)
    fay.get(f"/p/{closed.key}").follow(status=200)
    share("eve@example.org")
    assert [mail.to[1] for mail in mailbox.mails] == ["eve@example.org"], "she can be let in again"
    new_browser().get(link_in(mailbox.mails[0])).follow(status=200)


def test_a_mail_that_waits_does_not_go_to_who_was_shown_out(outcome, ada, ctx, db, run_jobs, mailbox):
    service.share_outcome(ctx(ada), outcome, emails="eve@example.org")
    service.remove_outcome_guest(ctx(ada), outcome, eve_of(db))
    run_jobs()
    assert mailbox.mails == []


def test_only_who_leads_shows_guests_out(share, outcome, ben, group, db, new_browser, make, closed, ada):
    share("eve@example.org")
    group.members_can_announce = True
    db.flush()
    eve, path = eve_of(db), f"/outcomes/{outcome.id}/guests"
    member = new_browser().sign_in(ben)
    member.send(f"{path}/{eve.id}/remove", status=403)
    new_browser().sign_in(make.user("Dan")).send(f"{path}/{eve.id}/remove", status=404)
    new_browser().sign_in(eve).send(f"{path}/{eve.id}/remove", status=403)
    leader = new_browser().sign_in(ada)
    for other in (ben.id, 999_999_999, 0):
        leader.send(f"{path}/{other}/remove", status=404)
    new_browser().sign_in(eve).get(f"/p/{closed.key}").follow(status=200)
