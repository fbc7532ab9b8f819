"""Mails composed in the reader's language and zone, delivered by jobs, tried again or given up."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from llmio import mail
from llmio.core import i18n
from llmio.core.outbox import Outbox
from llmio.core.ports import Receipt
from llmio.mail.message import build
from llmio.mail.plain import html_to_text


@pytest.fixture
def ada(make):
    return make.user(name="Ada Lovelace", email="ada@example.org", time_zone="Asia/Kolkata")


@pytest.fixture
def compose(ctx, ada):
    values = {"link": "https://example.org/x", "code": 123456, "hours": 24, "minutes": 1440, "new": False, "knew": False,
              "closed": False}  # fmt: skip

    def made(to=None, **how):
        how = {"kind": "login", "message_id": "login-1", **how}
        given = {**values, **how.pop("values", {})}
        return mail.compose(ctx(), to or ada, "mail/sign_in.jinja2", how.pop("subject", "Hi"), given, **how)

    return made


def test_mail_says_who_it_is_from_and_that_a_machine_sent_it(compose, app):
    made = compose(actor_name="Grace Hopper")
    assert made.sender == ("Grace Hopper via llmio", "notifications@localhost")
    assert compose().sender == ("llmio", "notifications@localhost")
    assert made.headers["Precedence"] == "bulk"
    assert made.headers["Auto-Submitted"] == "auto-generated"
    assert made.headers["X-Auto-Response-Suppress"] == "OOF"
    assert made.message_id == compose().message_id == "<login-1@localhost>"
    assert "List-Unsubscribe" not in made.headers


def test_mail_can_be_stopped_with_one_click(compose):
    made = compose(unsubscribe_url="https://example.org/u?t=1", reply_to=("G", "g@example.org"))
    assert made.headers["List-Unsubscribe"] == "<https://example.org/u?t=1>"
    assert made.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert made.reply_to == ("G", "g@example.org")
    assert "https://example.org/u?t=1" in made.text
    assert BeautifulSoup(made.html, "html.parser").select_one('a[href="https://example.org/u?t=1"]')


def test_html_carries_its_styles_inline_and_keeps_those_for_the_dark(compose):
    page = BeautifulSoup(compose().html, "html.parser")
    assert "background" in page.body["style"]
    assert "prefers-color-scheme: dark" in page.style.text
    assert page.select_one('meta[name="color-scheme"]')["content"] == "light dark"
    assert not page.select("script, link, form")


def test_what_people_write_is_escaped_in_html_and_plain_in_text(compose, ada):
    ada.name = "<b>Ada</b> & Co"
    made = compose()
    assert "&lt;b&gt;Ada&lt;/b&gt; &amp; Co" in made.html
    assert "<b>Ada</b> & Co" in made.text


def test_what_people_write_cannot_turn_the_direction_of_what_we_say(compose, ada):
    ada.name = "Ada\u202e\u202d"
    made = compose()
    assert "Hello Ada" in made.html, "the name does come"
    assert not set("\u202d\u202e") & set(made.html + made.text + made.subject + made.to[0])


def test_both_parts_lead_to_the_settings_where_mails_can_be_turned_off(compose):
    made = compose(unsubscribe_url="https://example.org/u?t=1")
    assert "/email_preferences" in made.html
    assert "/email_preferences" in made.text
    assert "/email_preferences" not in compose().text


def test_subject_and_names_stay_on_one_line(compose, ada):
    ada.name = "Ada\r\nBcc: all@example.org"
    made = compose(subject="Hi\nthere\u2028you")
    assert made.subject == "Hi there you"
    assert "\n" not in made.to[0]


@pytest.mark.parametrize("address", ["", None, "nobody", "a@b, c@d", "a@b\nBcc: c@d"])
def test_address_that_is_none_is_refused_at_once(compose, ada, address):
    ada.email = address
    with pytest.raises(ValueError, match="no address"):
        compose()


def test_moment_is_in_the_reader_s_zone(ada):
    moment = datetime(2027, 1, 31, 20, 0, tzinfo=UTC)
    assert mail.moment(moment, ada) == "1 February 2027, 01:30 (Asia/Kolkata)"
    ada.time_zone = "Nowhere/Land"
    assert mail.moment(moment, ada) == "31 January 2027, 20:00 (UTC)"
    ada.selected_locale = "de"
    assert mail.moment(moment, ada, "date") == "31. Januar 2027"


def test_links_say_they_came_by_mail(compose):
    page = BeautifulSoup(compose(kind="new_comment", unsubscribe_url="https://example.org/u").html, "html.parser")
    link = page.select_one('a[href*="/email_preferences"]')["href"]
    assert link == "http://localhost/email_preferences?utm_medium=email&utm_campaign=new_comment"


def test_a_mail_says_which_language_its_words_are_in(compose, ada, monkeypatch):
    ada.selected_locale = "he"
    page = BeautifulSoup(compose().html, "html.parser").html
    assert (page["lang"], page["dir"]) == ("en", "ltr"), "nobody has translated it"
    monkeypatch.setattr(i18n, "available", lambda: (("en", "English"), ("he", "עברית")))
    page = BeautifulSoup(compose().html, "html.parser").html
    assert (page["lang"], page["dir"]) == ("he", "rtl")


def test_the_foot_of_the_text_is_a_signature(compose):
    assert "\n-- \n" in compose().text


@pytest.mark.parametrize(
    "title", ["Closing within a day: who prunes the old pear trees on Sunday?", "x" * 90, "Bäume " * 20]
)
def test_a_long_subject_begins_on_its_own_line_and_comes_out_as_it_was(compose, title):
    subject = f"[orchard] {title}".strip()
    sent = build(compose(subject=subject), datetime(2027, 1, 31, tzinfo=UTC)).as_bytes()
    assert b"\r\nSubject: [" in sent or b"\r\nSubject: =?utf-8?" in sent
    assert message_from_bytes(sent, policy=policy.default)["Subject"] == subject


@pytest.mark.parametrize("subject", ["", " "])
def test_a_mail_without_a_subject_keeps_the_headers_below_it(compose, subject):
    """As one that is passed on may be: an empty line in its place would end them."""
    sent = build(compose(subject=subject), datetime(2027, 1, 31, tzinfo=UTC)).as_bytes()
    read = message_from_bytes(sent, policy=policy.default)
    assert (read["Subject"], read["Date"].datetime) == ("", datetime(2027, 1, 31, tzinfo=UTC))


@pytest.fixture
def asked(ctx, ada, commit):
    from llmio.accounts import service

    made = service.ask_for_mail(ctx(), "ada@example.org", browser="secret")
    commit()
    return made


def test_mail_waits_while_the_server_is_away(asked, run_jobs, mailbox, clock, db):
    mailbox.answers = [Receipt(ok=False, answer="connection refused"), Receipt(ok=False, answer="451 later")]
    run_jobs(failures=True)
    assert mailbox.mails == []
    row = db.scalars(select(Outbox)).one()
    assert "connection refused" in row.last_error
    assert row.dead_at is None
    clock.move(seconds=6)
    run_jobs(failures=True)
    clock.move(seconds=16)
    run_jobs()
    assert len(mailbox.mails) == 1
    assert db.scalars(select(Outbox)).all() == []


def test_mail_that_is_refused_for_good_is_kept_for_the_administrator(asked, run_jobs, mailbox, clock, db):
    mailbox.answers = [Receipt(ok=False, answer="550 no such user", permanent=True)]
    run_jobs(failures=True)
    row = db.scalars(select(Outbox)).one()
    assert row.dead_at is not None
    assert "550 no such user" in row.last_error
    clock.move(days=1)
    assert run_jobs() == []
    assert mailbox.mails == []


def test_outbox_holds_neither_token_nor_code(asked, db):
    row = db.scalars(select(Outbox)).one()
    assert (row.job, row.queue, row.args) == ("mail.sign_in", "critical", ["SignIn", asked.id])


def test_link_that_was_used_meanwhile_is_not_mailed(asked, run_jobs, mailbox, db):
    asked.login_token.used = True
    run_jobs()
    assert mailbox.mails == []


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>lines</p>", "One\n\nTwo\nlines"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "- a\n- b\n  - c"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ('<p>See <a href="https://x.org/a">this</a> &amp; <a href="https://x.org">https://x.org</a></p>',
         "See this (https://x.org/a) & https://x.org"),
        ("<p>Before</p><blockquote><p>said</p><p>so</p></blockquote><p>After</p>", "Before\n\n> said\n>\n> so\n\nAfter"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<style>p{}</style><p>a   \n b</p><script>x</script>", "a b"),
        ('<p><img src="x" alt="A cat"></p>', "[A cat]"),
        ("<blockquote>\n<p>said</p>\n</blockquote>\n<p>After</p>", "> said\n\nAfter"),
        ("<p>x</p>\n<table>\n<thead>\n<tr>\n<th>A</th>\n<th>B</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td></td>\n<td>3</td>\n</tr>\n</tbody>\n</table>",
         "x\n\nA | B\n1 | | 3"),
        ("<ul>\n<li>a</li>\n<li>\n<p>b</p>\n</li>\n</ul>", "- a\n- b"),
        ("", ""),
    ],
)  # fmt: skip
def test_html_as_text(html, text):
    assert html_to_text(html) == text


def test_lists_of_the_editor_read_as_lists():
    html = "<p>So:</p><ul><li><p>one</p><ul><li><p>half</p></li></ul></li><li><p>two</p><p>more</p></li></ul><ol><li><p>a</p></li></ol><p>End</p>"
    assert html_to_text(html) == "So:\n\n- one\n  - half\n- two\nmore\n\n1. a\n\nEnd"
