"""The webhook notifier: the contract, the format's part in it, and a wrong sibling that the contract finds out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from llmio_notify_webhook import Webhook

from llmio.plugins import Failed, Notifier, Outgoing, Retry, Sent, Target, WebhookFormat
from llmio.testing.contracts.notify import MESSAGE, NotifierContract
from llmio.testing.ports import Mailbox, MemoryHttp


class Plain(WebhookFormat):
    """The text as it is."""

    key = "plain"
    title = "Plain"

    def payload(self, message):
        return {"Content-Type": "text/plain"}, message.text.encode()


TARGET = Target("https://chat.example.org/hook/1", "A room", {"format": Plain()})


class TestWebhook(NotifierContract):
    @pytest.fixture
    def notifier(self) -> Notifier:
        return Webhook()

    @pytest.fixture
    def target(self) -> Target:
        return TARGET


def test_what_the_format_makes_is_posted():
    web = MemoryHttp()
    Webhook().send(MESSAGE, TARGET, Outgoing(web, Mailbox()))
    (post,) = web.posts
    assert (post.url, dict(post.headers), post.body) == (
        TARGET.address,
        {"Content-Type": "text/plain"},
        MESSAGE.text.encode(),
    )


def test_nothing_is_posted_without_a_format():
    web = MemoryHttp()
    outcome = Webhook().send(MESSAGE, Target(TARGET.address), Outgoing(web, Mailbox()))
    assert isinstance(outcome, Failed)
    assert web.posts == []


class Wrong(Webhook):
    """Posts twice, to the wrong place, and calls everything sent."""

    def send(self, message, target, out):
        headers, body = target.options["format"].payload(message)
        out.http.post("https://elsewhere.example.org", headers=headers, body=body)
        out.http.post(target.address, headers=headers, body=body)
        return Sent()


def test_the_contract_finds_a_wrong_sibling_out():
    suite, web, post = NotifierContract(), MemoryHttp(), Mailbox()
    out = Outgoing(web, post)
    with pytest.raises(AssertionError):
        suite.test_a_message_goes_out_once(Wrong(), TARGET, out, web, post)
    with pytest.raises(AssertionError):
        suite.test_a_refusal_is_final(Wrong(), TARGET, out, web, post)
    with pytest.raises(AssertionError):
        suite.test_silence_is_tried_again(Wrong(), TARGET, out, web, post)


class Forgetful(Webhook):
    """Says nothing of where to go, waits as long as it likes, and remembers the last message."""

    def send(self, message, target, out):
        self.last = message
        outcome = super().send(replace(message, text=message.subject), target, out)
        return Retry(outcome.reason) if isinstance(outcome, Retry) else outcome


def test_the_contract_finds_a_forgetful_sibling_out():
    suite = NotifierContract()
    for check in (
        lambda one, web, post: suite.test_a_message_goes_out_once(one, TARGET, Outgoing(web, post), web, post),
        lambda one, web, post: suite.test_how_long_to_wait_is_heeded(one, TARGET, Outgoing(web, post), web, post),
        lambda one, web, post: suite.test_nothing_is_kept_between_messages(one, TARGET, Outgoing(web, post)),
    ):
        check(Webhook(), MemoryHttp(), Mailbox())
        with pytest.raises(AssertionError):
            check(Forgetful(), MemoryHttp(), Mailbox())
