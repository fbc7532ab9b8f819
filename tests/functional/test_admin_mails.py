"""`/admin/mails`: the log, the test with its dialogue, addresses not written to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from bs4 import BeautifulSoup

from llmio.accounts import service as accounts
from llmio.core.ports import Mail, Receipt
from llmio.embedded.ports import free_port
from llmio.mail import post, suppression
from llmio.mail.sent import Cause, SentMail
from tests import factories as make
from tests.processes import PATIENCE

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def a_mail(address, kind="new_comment", number=1):
    return Mail(
        to=("", address),
        sender=("", "notifications@localhost"),
        subject="A secret: 123456",
        text="A secret text",
        html="",
        message_id=f"<event-{number}@localhost>",
        kind=kind,
    )


@pytest.fixture
def admin(web, db):
    made = make.admin_of_site(db)
    web.sign_in(made)
    return made


def shown(page):
    rows = BeautifulSoup(page.text, "html.parser").select("#log .row-item")
    return [" ".join(row.get_text(" ").split()) for row in rows]


def test_the_log_says_what_became_of_each_mail(web, admin, app, mailbox):
    mailbox.answers = [Receipt(ok=True, answer="250 queued as 7"), Receipt(ok=False, answer="451 busy"),
                       Receipt(ok=False, answer="554 spam", permanent=True)]  # fmt: skip
    sending = post.Post(app)
    for number, address in enumerate(("Ann@example.org", "bob@example.org", "cid@example.org")):
        sending.send(a_mail(address, number=number))
    sending.send(a_mail("bob@example.org", number=1))
    page = web.get("/admin/mails")
    lines = shown(page)
    assert [line.split()[0] for line in lines] == ["cid@example.org", "bob@example.org", "ann@example.org"]
    assert "Refused" in lines[0]
    assert "554 spam" in lines[0]
    assert "2 tries" in lines[1]
    assert "250 OK" in lines[1]
    assert "Taken" in lines[2]
    assert "250 queued as 7" in lines[2]
    assert "secret" not in page.text
    assert [line.split()[0] for line in shown(web.get("/admin/mails?address=BOB&state="))] == ["bob@example.org"]
    assert [line.split()[0] for line in shown(web.get("/admin/mails?state=refused"))] == ["cid@example.org"]
    assert shown(web.get("/admin/mails?address=100%25")) == []


def test_the_log_is_paged_and_costs_the_same_with_many_lines(web, admin, db, queries):
    def count():
        with queries() as sent:
            web.get("/admin/mails")
        return sent.count

    def add(numbers):
        for number in numbers:
            post.note(db, a_mail(f"p{number}@example.org", number=number), Receipt(ok=True, answer="250"), NOW)

    add(range(2))
    web.get("/admin/mails")
    few = count()
    add(range(2, 60))
    assert count() == few
    page = web.get("/admin/mails")
    assert len(shown(page)) == 50
    assert shown(page)[0].startswith("p59@")
    older = page.click("Older")
    assert [line.split("@")[0] for line in shown(older)] == [f"p{number}" for number in range(9, -1, -1)]
    assert shown(older.click("Newest")) == shown(page)


@pytest.mark.parametrize("asked", ["before=x", "before=99999999999999999999999", "state=odd", "before=-1"])
def test_links_that_make_no_sense_show_the_log(web, admin, db, asked):
    post.note(db, a_mail("ann@example.org"), Receipt(ok=True, answer="250"), NOW)
    assert len(shown(web.get(f"/admin/mails?{asked}"))) == 1


def test_old_lines_are_forgotten(db, app, clock, ctx):
    clock.set(NOW)
    for number, days in enumerate((89, 91)):
        post.note(db, a_mail("ann@example.org", number=number), Receipt(ok=True), NOW - timedelta(days=days))
    app.jobs["mail.sweep_log"](ctx())
    assert [row.message_id for row in db.query(SentMail)] == ["<event-0@localhost>"]


def test_the_page_is_for_administrators(web, db):
    for path in ("/admin/mails", "/admin/mails/test"):
        assert web.get(path).status_int == 303
    web.sign_in(make.user(db))
    assert web.get("/admin/mails", expect_errors=True).status_int == 403
    for path in ("/admin/mails/test", "/admin/mails/lift"):
        answer = web.send(path, {"to": "a@example.org", "address": "a@example.org"}, expect_errors=True)
        assert answer.status_int == 403


class Server:
    """Takes mail, but none for nobody@."""

    def __init__(self):
        self.mails = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 <nobody@example.org>: no such user <b>here</b>"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope)
        return "250 2.0.0 queued as 4711"


@pytest.fixture
def server(app, monkeypatch):
    port = free_port()
    handler = Server()
    controller = Controller(handler, hostname="127.0.0.1", port=port, ready_timeout=PATIENCE)
    controller.start()
    monkeypatch.setitem(app.settings.values, "mail.server", "127.0.0.1")
    monkeypatch.setitem(app.settings.values, "mail.port", port)
    yield handler
    controller.stop()


def test_the_test_shows_the_dialogue(web, admin, server):
    page = web.send("/admin/mails/test", {"to": "Ann@Example.org"})
    text = page.html.select_one(".mail-dialogue").get_text()
    assert "S 220 127" not in text
    assert "C rcpt TO:<ann@example.org>" in text
    assert "S 250 2.0.0 queued as 4711" in text
    assert b"Test mail from llmio" in server.mails[0].content
    assert "mail_test" in shown(page)[0]
    assert "queued as 4711" in shown(page)[0]


def test_the_test_shows_a_refusal_as_the_server_said_it(web, admin, server, db):
    page = web.send("/admin/mails/test", {"to": "nobody@example.org"})
    assert "S 550 5.1.1" in page.html.select_one(".mail-dialogue").get_text()
    assert "no such user <b>here</b>" in page.html.select_one(".alert").get_text()
    assert server.mails == []


def test_the_test_without_a_server_says_so(web, admin):
    page = web.send("/admin/mails/test", {"to": "ann@example.org"})
    assert "set SMTP_SERVER" in page.html.select_one(".mail-dialogue").get_text()
    assert "No mail server is configured" in page.text


@pytest.mark.parametrize("typed", ["", "nobody", "a@b, c@d", "a@b\nBcc: c@d"])
def test_what_is_no_address_is_said_at_the_field(web, admin, server, typed):
    answer = web.send("/admin/mails/test", {"to": typed}, expect_errors=True)
    assert answer.status_int == 422
    assert answer.html.select_one("#field-to")["aria-invalid"] == "true"
    assert server.mails == []


# -- addresses not written to ----------------------------------------------------------------------------------------


def test_an_address_that_bounced_is_left_alone_until_somebody_says_so(web, admin, app, db, mailbox):
    mailbox.answers = [Receipt(ok=False, answer="550 5.1.1 no such user", permanent=True, bounced=True)]
    sending = post.Post(app)
    sending.send(a_mail("Ann@example.org", number=1))
    again = sending.send(a_mail("ann@example.org", number=2))
    assert (again.ok, again.held) == (False, True)
    assert mailbox.mails == []
    page = web.get("/admin/mails")
    assert "Not sent" in shown(page)[0]
    assert "ann@example.org" in page.html.select_one("#held").get_text()
    assert sending.send(a_mail("ann@example.org", "login", number=3)).ok, "a way in is what its owner asks for"
    web.send("/admin/mails/lift", {"address": "ann@example.org"})
    assert sending.send(a_mail("ann@example.org", number=4)).ok


def test_a_refusal_that_is_no_bounce_holds_nothing_back(app, mailbox):
    mailbox.answers = [Receipt(ok=False, answer="554 looks like spam", permanent=True)]
    sending = post.Post(app)
    sending.send(a_mail("ann@example.org", number=1))
    assert sending.send(a_mail("ann@example.org", number=2)).ok


def test_who_complained_is_left_alone_until_an_administrator_forgives(web, admin, app, db, mailbox):
    ann = make.user(db, "Ann", email="ann@example.org", complaints_count=1)
    assert post.Post(app).send(a_mail("ann@example.org")).held
    assert "Complained" in web.get("/admin/mails").html.select_one("#held").get_text()
    web.send("/admin/mails/lift", {"address": "ann@example.org"})
    assert ann.complaints_count == 0
    assert post.Post(app).send(a_mail("ann@example.org", number=2)).ok


def test_using_a_link_from_a_mail_proves_that_mail_arrives(web, db, ctx, commit):
    ann = make.user(db, email="ann@example.org")
    suppression.suppress(db, "Ann@example.org", Cause.BOUNCE, "550 5.1.1 no such user", NOW)
    suppression.suppress(db, "bob@example.org", Cause.BOUNCE, "550 5.1.1 no such user", NOW)
    token = accounts.new_login_token(ctx(), ann)
    commit()
    web.send(f"/login_tokens/{token.token}")
    assert [one.address for one in suppression.listed(db)] == ["bob@example.org"]


def test_using_a_link_does_not_undo_a_complaint(web, db, ctx, commit):
    ann = make.user(db, email="ann@example.org")
    suppression.suppress(db, "ann@example.org", Cause.COMPLAINT, "abuse", NOW)
    token = accounts.new_login_token(ctx(), ann)
    commit()
    web.send(f"/login_tokens/{token.token}")
    assert len(suppression.listed(db)) == 1


def test_the_site_never_writes_to_itself(app, mailbox):
    assert post.Post(app).send(a_mail("Notifications@localhost")).held
    assert mailbox.mails == []
