"""The Markdown format: the contract, and a wrong sibling that the contract finds out."""

from __future__ import annotations

import json

import pytest
from llmio_webhook_markdown import MarkdownFormat

from llmio.plugins import WebhookFormat
from llmio.testing.contracts.webhooks import MESSAGE, WebhookFormatContract


class TestMarkdown(WebhookFormatContract):
    @pytest.fixture
    def shape(self) -> WebhookFormat:
        return MarkdownFormat()


def test_fields_are_those_that_chats_read():
    _headers, body = MarkdownFormat().payload(MESSAGE)
    assert json.loads(body) == {
        "text": MESSAGE.markdown,
        "icon_url": "https://example.org/logo.png",
        "username": "Weavers",
    }


class Wrong(MarkdownFormat):
    """Counts on values that are not promised, and says something else each time."""

    calls = 0

    def payload(self, message):
        self.calls += 1
        headers, body = super().payload(message)
        return headers, json.dumps({**json.loads(body), "name": message.data["site_name"], "n": self.calls}).encode()


def test_the_contract_finds_a_wrong_sibling_out():
    suite = WebhookFormatContract()
    suite.test_what_happened_and_where_is_said(Wrong())
    with pytest.raises(KeyError):
        suite.test_a_message_without_data_is_told(Wrong())
    with pytest.raises(AssertionError):
        suite.test_the_same_message_gives_the_same_payload(Wrong())
