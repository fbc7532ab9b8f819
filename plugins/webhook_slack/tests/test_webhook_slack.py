"""Slack's format: the contract, its mrkdwn, and a wrong sibling that the contract finds out."""

from __future__ import annotations

import json

import pytest
from llmio_webhook_slack import GONE, Slack, mrkdwn

from llmio.plugins import Failed, HttpAnswer, Message, Retry, WebhookFormat
from llmio.testing.contracts.webhooks import NASTY, WebhookFormatContract


class TestSlack(WebhookFormatContract):
    @pytest.fixture
    def shape(self) -> WebhookFormat:
        return Slack()


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**bold**", "*bold*"),
        ("__bold__", "*bold*"),
        ("*slanted*", "_slanted_"),
        ("~~gone~~", "~gone~"),
        ("[Buy it?](https://example.org/p/x)", "<https://example.org/p/x|Buy it?>"),
        ("![](https://example.org/x.png)", "<https://example.org/x.png|https://example.org/x.png>"),
        ("# Title", "*Title*"),
        ("- one\n- two", "• one\n• two"),
        ("> quoted", "> quoted"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("`**x** <y>`", "`**x** &lt;y&gt;`"),
    ],
)
def test_markdown_becomes_mrkdwn(markdown, expected):
    assert mrkdwn(markdown) == expected


def test_nobody_is_called_by_what_people_write():
    """`<!channel>` would ring everybody's phone."""
    assert "<!channel>" not in mrkdwn("hello <!channel> and <@U123>")


def test_a_text_that_slack_would_cut_is_cut_by_us():
    _headers, body = Slack().payload(Message("k", "s", "x" * 100_000))
    assert len(json.loads(body)["text"]) < 40_000


@pytest.mark.parametrize("word", sorted(GONE))
def test_a_hook_that_is_gone_is_not_tried_again(word):
    assert isinstance(Slack().answer(HttpAnswer(500, {}, word)), Failed)
    assert isinstance(Slack().answer(HttpAnswer(500, {}, "rollup_error")), Retry)


class Wrong(Slack):
    """Builds JSON by hand, leaves the link out, and takes every answer for a good one."""

    def payload(self, message):
        return {"Content-Type": "application/json"}, (
            '{"text": "' + message.subject + message.markdown[:0] + '"}'
        ).encode()

    def answer(self, response):
        return super().answer(HttpAnswer(200, {}, response.text))


def test_the_contract_finds_a_wrong_sibling_out():
    suite, wrong = WebhookFormatContract(), Wrong()
    suite.test_a_good_answer_is_sent(wrong, 200)
    with pytest.raises(AssertionError):
        suite.test_what_happened_and_where_is_said(wrong)
    with pytest.raises(AssertionError):
        suite.test_a_refusal_is_final(wrong, 404)
    with pytest.raises(AssertionError):
        suite.test_trouble_that_passes_is_tried_again(wrong, 503)
    broken = Slack()
    broken.payload = lambda message: (
        {"Content-Type": "application/json"},
        b'{"text": "' + message.text.encode() + b'"}',
    )
    with pytest.raises(json.JSONDecodeError):
        suite.test_whatever_people_write_has_a_form(broken, NASTY)


class Hasty(Slack):
    """Forgets the parts, puts a title into a header as it was typed, and has nothing to say of a refusal."""

    def payload(self, message):
        return super().payload(message) if not message.parts else ({"Content-Type": "text/plain"}, b"news")

    def request(self, message, target, now):
        headers, body = self.payload(message)
        return {**headers, "X-Title": message.subject}, body

    def answer(self, response):
        return Failed("") if response.status == 401 else super().answer(response)


def test_the_contract_finds_a_hasty_sibling_out():
    suite, hasty = WebhookFormatContract(), Hasty()
    for check, given in (
        (suite.test_a_message_in_parts_is_told, ()),
        (suite.test_what_is_posted_to_an_address_is_whole, ()),
        (suite.test_whatever_is_answered_has_an_outcome, (401,)),
    ):
        check(Slack(), *given)
        with pytest.raises(AssertionError):
            check(hasty, *given)
