"""The mail notifier: the contract, what a mail carries, and a wrong sibling that the contract finds out."""

from __future__ import annotations

import pytest
from llmio_notify_email import Email

from llmio.plugins import Failed, Notifier, Outgoing, Target
from llmio.testing.contracts.notify import MESSAGE, NotifierContract
from llmio.testing.ports import Mailbox, MemoryHttp

TARGET = Target(
    "ben@example.org",
    "Ben Okri",
    {"sender": ("Ada via Weavers", "notifications@example.org"), "reply_to": ("Weavers", "reply+1@example.org")},
)


class TestEmail(NotifierContract):
    @pytest.fixture
    def notifier(self) -> Notifier:
        return Email()

    @pytest.fixture
    def target(self) -> Target:
        return TARGET


def test_a_mail_carries_what_it_needs():
    post = Mailbox()
    Email().send(MESSAGE, TARGET, Outgoing(MemoryHttp(), post))
    (mail,) = post.mails
    assert (mail.to, mail.sender, mail.reply_to) == (
        ("Ben Okri", "ben@example.org"),
        ("Ada via Weavers", "notifications@example.org"),
        ("Weavers", "reply+1@example.org"),
    )
    assert (mail.subject, mail.text, mail.html) == (MESSAGE.subject, MESSAGE.text, MESSAGE.html)
    assert (mail.message_id, dict(mail.headers)) == ("<1.2@example.org>", {"List-Id": "<weavers.example.org>"})


class Wrong(Email):
    """Gives up on everything, writes to the sender, and takes the message apart."""

    def send(self, message, target, out):
        message.headers.pop("Message-ID", None)
        return Failed("")


def test_the_contract_finds_a_wrong_sibling_out():
    suite, web, post = NotifierContract(), MemoryHttp(), Mailbox()
    out, before = Outgoing(web, post), dict(MESSAGE.headers)
    try:
        with pytest.raises(AssertionError):
            suite.test_the_message_is_left_as_it_was(Wrong(), TARGET, out)
    finally:
        MESSAGE.headers.update(before)
    with pytest.raises(AssertionError):
        suite.test_a_message_goes_out_once(Wrong(), TARGET, out, web, post)
    with pytest.raises(AssertionError):
        suite.test_silence_is_tried_again(Wrong(), TARGET, out, web, post)
    with pytest.raises(AssertionError):
        suite.test_a_refusal_is_final(Wrong(), TARGET, out, web, post)
    MESSAGE.headers.update(before)
