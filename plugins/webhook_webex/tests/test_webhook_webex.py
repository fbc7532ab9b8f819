"""Webex's format: the contract, its limit, and a wrong sibling that the contract finds out."""

from __future__ import annotations

import json

import pytest
from llmio_webhook_webex import LIMIT, Webex

from llmio.plugins import Message, Note, Prose, Title, WebhookFormat
from llmio.testing.contracts.webhooks import MESSAGE, WebhookFormatContract


class TestWebex(WebhookFormatContract):
    @pytest.fixture
    def shape(self) -> WebhookFormat:
        return Webex()


def body(message):
    return json.loads(Webex().payload(message)[1])


def test_the_fields_are_those_of_markdown_and_markdown():
    made = body(MESSAGE)
    assert made["markdown"] == made["text"] == MESSAGE.markdown
    assert made["username"] == "Weavers"


def test_a_long_text_keeps_what_is_not_prose():
    parts = (Title("Buy?", "https://example.org"), Prose("", "ü" * 20_000), Note("3 of 4 have voted."))
    made = body(Message("k", "s", "", markdown="ü" * 20_000, parts=parts))
    assert made["markdown"] == "[Buy?](https://example.org)\n\n3 of 4 have voted."
    assert len(body(Message("k", "s", "", markdown="ü" * 20_000))["markdown"].encode()) <= LIMIT


class Wrong(Webex):
    """Takes every answer for a good one."""

    def answer(self, response):
        return super().answer(type(response)(204, {}, ""))


def test_the_contract_finds_a_wrong_sibling_out():
    with pytest.raises(AssertionError):
        WebhookFormatContract().test_a_refusal_is_final(Wrong(), 404)
