"""What mails about events say, in HTML and in plain text, and how they hang together."""

from __future__ import annotations

import itertools
import re

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from llmio.core.events import Audience
from llmio.core.ports import Receipt
from llmio.discussions import kinds as threads_kinds
from llmio.discussions import service as threads
from llmio.discussions.models import DiscussionReader
from llmio.mail.incoming.strip import DELIMITER
from llmio.notifications.kinds import GROUP_MENTIONED
from llmio.notifications.models import Notification
from llmio.polls import kinds as polls
from tests import factories as make


@pytest.fixture
def world(db, app, monkeypatch):
    """Ada writes; Ben follows everything in her group and thread; mail can be answered."""
    monkeypatch.setitem(app.settings.values, "mail.reply_host", "reply.example.org")
    ada = make.user(db, "Ada")
    ben = make.user(db, "Ben", email="ben@example.org", email_api_key="key0123456", time_zone="Europe/Berlin")
    group = make.group(db, "Weavers", admin=ada, handle="weavers")
    make.membership(db, group, ben, volume=3)
    return ada, ben, make.discussion(db, group, author=ada, title="A new loom?")


@pytest.fixture
def tell(world, ctx, commit, run_jobs, mailbox):
    """`tell(kind, record)`: publish for Ben; the mail that he gets."""
    ada, ben, _thread = world

    def told(kind, record, chosen=True):
        ctx(ada).publish(kind, record, audience=Audience(user_ids=[ben.id]) if chosen else None)
        commit()
        run_jobs()
        return mailbox.last("ben@example.org")

    return told


def words(mail):
    return " ".join(BeautifulSoup(mail.html, "html.parser").get_text(" ").split())


def test_a_text_reads_as_well_in_plain_text(world, ctx, commit, run_jobs, mailbox):
    ada, _ben, thread = world
    body = (
        "<p>See <a href='https://example.org/x'>this</a></p><ul><li>one</li><li>two</li></ul>"
        "<blockquote><p>said</p></blockquote><table><tbody><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></tbody></table>"
    )
    threads.add_comment(ctx(ada), thread, body=body, body_format="html")
    commit()
    run_jobs()
    text = mailbox.last("ben@example.org").text
    assert "See this (https://example.org/x)\n\n- one\n- two\n\n> said\n\nA | B\n1 | 2" in text


def test_mails_of_a_thread_hang_together_and_can_be_answered(world, ctx, commit, run_jobs, mailbox):
    ada, _ben, thread = world
    for body in ("One", "Two"):
        threads.add_comment(ctx(ada), thread, body=body)
    commit()
    run_jobs()
    first, second = mailbox.to("ben@example.org")
    assert first.subject == second.subject == "[weavers] A new loom?"
    assert first.message_id != second.message_id
    assert "References" not in first.headers, "it is the first of the thread, and so its root"
    assert second.headers["References"] == second.headers["In-Reply-To"] == first.message_id
    assert first.reply_to[0] == "Weavers"
    assert first.reply_to[1].endswith("&k=key0123456@reply.example.org")
    assert first.text.startswith(DELIMITER)
    assert BeautifulSoup(first.html, "html.parser").body.get_text().strip(" \n").startswith(DELIMITER)
    assert "Reply to this mail to write in the thread." in first.text


def test_without_a_host_for_replies_nothing_invites_to_reply(world, ctx, commit, run_jobs, mailbox, app, monkeypatch):
    monkeypatch.setitem(app.settings.values, "mail.reply_host", "")
    ada, _ben, thread = world
    threads.add_comment(ctx(ada), thread, body="One")
    commit()
    run_jobs()
    mail = mailbox.last("ben@example.org")
    assert mail.reply_to is None
    assert "Reply to this mail" not in mail.text + mail.html
    assert DELIMITER not in mail.text + mail.html


def test_whoever_is_mentioned_with_the_group_gets_it_under_the_title_of_the_thread(world, db, tell):
    """Some mail programs keep together what has one subject."""
    ada, _ben, thread = world
    assert tell(GROUP_MENTIONED, make.comment(db, thread, author=ada)).subject == "[weavers] A new loom?"


def test_a_poll_is_asked_with_its_options_in_words(world, db, tell):
    ada, ben, thread = world
    poll = make.poll(db, discussion=thread, author=ada, title="Buy it?", voters=[ben])
    mail = tell(polls.POLL_ANNOUNCED, poll)
    assert mail.subject == "[weavers] Ada asks for your vote: Buy it?"
    assert "* Agree" in mail.text
    option = make.options_of(db, poll)["agree"]
    assert f"/p/{poll.key}?poll_option_id={option.id}" in mail.text
    assert "Vote until" in mail.text
    assert "(Europe/Berlin)" in mail.text


def test_whoever_is_mentioned_in_an_open_poll_is_asked_to_vote(world, db, tell):
    ada, ben, thread = world
    poll = make.poll(db, discussion=thread, author=ada, title="Buy it?", details=f"@{ben.username}?", voters=[ben])
    mail = tell(polls.POLL_CREATED, poll)
    assert (mail.kind, mail.text.count("Vote now:")) == ("user_mentioned", 1)


def test_times_are_options_on_the_reader_s_clock(world, db, tell):
    ada, ben, thread = world
    poll = make.poll(db, discussion=thread, author=ada, title="When?", voters=[ben], poll_type="meeting",
                     poll_option_name_format="iso8601", options=["2027-01-31T12:00:00Z", "2027-02-01"])  # fmt: skip
    text = tell(polls.POLL_ANNOUNCED, poll).text
    assert "* 31 January 2027, 13:00 (Europe/Berlin)" in text
    assert "* 1 February 2027\n" in text


def test_a_closed_poll_shows_what_came_of_it(world, db, tell):
    ada, ben, thread = world
    poll = make.poll(db, discussion=thread, author=ada, title="Buy it?")
    make.stance(db, poll, ada, choices={"agree": 1})
    make.stance(db, poll, ben, choices={"disagree": 1})
    poll.closed_at = make.now()
    outcome = make.outcome(db, poll, author=ada, statement="We **buy** it.")
    mail = tell(polls.OUTCOME_CREATED, outcome)
    assert "We buy it." in words(mail)
    assert "* Agree: 1" in mail.text
    assert "2 people voted." in mail.text
    assert "poll_option_id" not in mail.text


def test_hidden_results_are_in_no_mail(world, db, tell):
    ada, ben, thread = world
    poll = make.poll(db, discussion=thread, author=ada, title="Buy it?", hide_results=2, voters=[ben])
    make.stance(db, poll, ada, choices={"agree": 1}, reason="My secret")
    mail = tell(polls.POLL_REMINDER, poll)
    assert "Results are hidden" in mail.text
    assert "people voted" not in mail.text
    assert "person voted" not in mail.text
    assert "secret" not in mail.text + mail.html


def test_a_vote_says_what_was_chosen(world, db, tell):
    ada, _ben, thread = world
    poll = make.poll(db, discussion=thread, author=ada, title="Buy it?")
    stance = make.stance(db, poll, ada, choices={"agree": 1}, reason="It is time.")
    mail = tell(polls.STANCE_CREATED, stance, chosen=False)
    assert "Ada voted in Buy it?\n\n* Agree\n\nIt is time." in mail.text


def test_a_vote_of_a_poll_with_hidden_results_is_not_mailed(world, db, ctx, commit, run_jobs, mailbox):
    ada, _ben, thread = world
    poll = make.poll(db, discussion=thread, author=ada, title="Buy it?", hide_results=1)
    stance = make.stance(db, poll, ada, choices={"agree": 1}, reason="My secret")
    ctx(ada).publish(polls.STANCE_CREATED, stance)
    commit()
    run_jobs()
    assert mailbox.to("ben@example.org") == []


def children(mails):
    """The tree that a mail program builds: message id → that of its parent, by RFC 5256 (REFERENCES, steps 1 to 4).

    Fails on an id that no mail carries: it would be an empty box in the list.
    """
    parent = {}
    for mail in mails:
        chain = [*mail.headers.get("References", "").split(), mail.message_id]
        assert set(chain) <= {one.message_id for one in mails}
        for above, below in itertools.pairwise(chain):
            climbed = above
            while climbed is not None and climbed != below:
                climbed = parent.get(climbed)
            if climbed is None and (below == mail.message_id or below not in parent):
                parent[below] = above
    return parent


def test_a_mail_program_shows_a_thread_as_the_tree_it_is(world, db, ctx, commit, run_jobs, mailbox):
    ada, ben, thread = world
    eve = make.user(db, "Eve", email="eve@example.org")
    make.reader(db, thread, eve, guest=True, volume=2)
    act = ctx(ada)
    act.publish(threads_kinds.DISCUSSION_ANNOUNCED, thread, audience=Audience(user_ids=[ben.id]))
    one = threads.add_comment(act, thread, body="One")
    commit()
    run_jobs()
    two = threads.add_comment(act, thread, body="Two", parent=("Comment", one.id))
    threads.add_comment(act, thread, body="Three", parent=("Comment", two.id))
    threads.add_comment(act, thread, body="Beside it")
    elsewhere = make.discussion(db, thread.group, author=ada, title="Elsewhere")
    threads.add_comment(act, elsewhere, body="Not of this thread")
    commit()
    run_jobs()
    mails = mailbox.to("ben@example.org")
    told = {re.search("One|Two|Three|Beside|Not of|invites", mail.text)[0]: mail.message_id for mail in mails}
    tree = children(mails)
    shown = {
        name: next((key for key, value in told.items() if value == tree.get(id)), None) for name, id in told.items()
    }
    assert shown == {
        "invites": None,
        "One": "invites",
        "Two": "One",
        "Three": "One",  # as the page has it, which nests no deeper
        "Beside": "invites",
        "Not of": None,
    }


def test_a_mail_tried_again_is_the_same_mail(world, ctx, commit, run_jobs, mailbox, clock):
    ada, _ben, thread = world
    mailbox.answers += [Receipt(ok=False, answer="451 later")]
    threads.add_comment(ctx(ada), thread, body="One")
    commit()
    run_jobs()
    clock.move(minutes=1)
    threads.add_comment(ctx(ada), thread, body="Two")
    commit()
    run_jobs()
    mails = {mail.message_id: dict(mail.headers) for mail in mailbox.to("ben@example.org")}
    assert len(mails) == 2
    roots = [one for one, headers in mails.items() if "References" not in headers]
    assert len(roots) == 1


def test_files_and_boxes_reach_the_mail(world, ctx, tell, web):
    ada, _ben, thread = world
    sent = web.sign_in(ada).send("/files", upload_files=[("file", "Loom plan (2).pdf", b"%PDF-1.4 a loom")])
    body = (
        '<ul data-type="taskList"><li data-type="taskItem" data-checked="true"><p>measure</p></li>'
        '<li data-type="taskItem" data-checked="false">saw</li></ul>'
    )
    comment = threads.add_comment(ctx(ada), thread, body=body, body_format="html", attachments=[sent.json["id"]])
    mail = tell(threads_kinds.NEW_COMMENT, comment, chosen=False)
    assert "- \u2611 measure\n- \u2610 saw\n" in mail.text
    link = BeautifulSoup(mail.html, "html.parser").find("a", string="Loom plan (2).pdf")
    assert link["href"].startswith("http://localhost/files/")
    assert f"Loom plan (2).pdf ({link['href']})" in mail.text


def test_a_group_without_a_handle_is_called_by_its_full_name(world, db, tell):
    thread = world[2]
    thread.group.handle, thread.group.full_name = None, "Guild - Weavers"
    db.flush()
    assert tell(threads_kinds.NEW_DISCUSSION, thread).subject == "[Guild - Weavers] A new loom?"


def test_a_mail_that_is_opened_is_read(world, ctx, tell, web, db, commit, run_jobs, mailbox):
    ada, ben, thread = world
    threads.add_comment(ctx(ada), thread, body="Hello", body_format="md")
    commit()
    run_jobs()
    mail = mailbox.last("ben@example.org")
    pictures = [one["src"] for one in BeautifulSoup(mail.html, "html.parser").select('img[width="1"]')]
    assert len(pictures) == 1
    for one in pictures:
        assert web.get(one.removeprefix("http://localhost")).content_type == "image/gif"
    reader = db.scalars(select(DiscussionReader).where(DiscussionReader.user_id == ben.id)).one()
    assert reader.read_ranges_string == "1-1"
    rung = tell(threads_kinds.NEW_DISCUSSION, thread)
    (picture,) = [one["src"] for one in BeautifulSoup(rung.html, "html.parser").select('img[width="1"]')]
    notice = db.scalars(
        select(Notification).where(Notification.user_id == ben.id).order_by(Notification.id.desc())
    ).first()
    assert notice.viewed is False
    web.get(picture.removeprefix("http://localhost"))
    db.refresh(notice)
    assert notice.viewed is True
