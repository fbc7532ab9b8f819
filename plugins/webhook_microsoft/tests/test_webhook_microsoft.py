"""Teams' formats: the contract for both, which address gets which, hidden faults, and a wrong sibling."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from llmio_webhook_microsoft import MessageCard, Teams, is_connector

from llmio.plugins import (
    Chart,
    Failed,
    HttpAnswer,
    Line,
    Message,
    Note,
    Prose,
    Retry,
    Sent,
    Target,
    Title,
    WebhookFormat,
)
from llmio.testing.contracts.webhooks import MESSAGE, WebhookFormatContract

NOW = datetime(2031, 1, 31, tzinfo=UTC)
WORKFLOW = "https://prod-01.westeurope.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke?sig=x"


class TestTeams(WebhookFormatContract):
    @pytest.fixture
    def shape(self) -> WebhookFormat:
        return Teams()


class TestMessageCard(WebhookFormatContract):
    @pytest.fixture
    def shape(self) -> WebhookFormat:
        return MessageCard()


def posted(shape, address):
    return json.loads(shape.request(MESSAGE, Target(address), NOW)[1])


@pytest.mark.parametrize(
    ("address", "old"),
    [
        (WORKFLOW, False),
        ("https://default.12.environment.api.powerplatform.com/x", False),
        ("https://weavers.webhook.office.com/webhookb2/x", True),
        ("https://outlook.office.com/webhook/x", True),
        ("https://webhook.office.com.example.org/x", False),
        ("https://[broken", False),
    ],
)
def test_the_address_tells_which_card_is_wanted(address, old):
    assert is_connector(address) is old
    assert posted(Teams(), address).get("@type") == ("MessageCard" if old else None)
    assert posted(MessageCard(), address)["@type"] == "MessageCard"


def test_a_message_card_has_the_fields_of_the_reference():
    made = posted(MessageCard(), "https://outlook.office.com/webhook/x")
    assert {"text", "icon_url", "username", "@type", "@context", "themeColor", "sections"} <= set(made)
    assert (made["@context"], made["sections"]) == ("http://schema.org/extensions", [])


@pytest.mark.parametrize(
    ("words", "kind"), [("HTTP error 429", Retry), ("HTTP error 502", Retry), ("HTTP error 413", Failed)]
)
def test_a_fault_behind_a_200_is_seen(words, kind):
    text = f"Webhook message delivery failed with error: Microsoft Teams endpoint returned {words} with ContextId x"
    assert isinstance(Teams().answer(HttpAnswer(200, {}, text)), kind)
    assert isinstance(Teams().answer(HttpAnswer(200, {}, "1")), Sent)
    assert isinstance(Teams().answer(HttpAnswer(202, {}, "")), Sent)


def test_a_card_stays_within_what_teams_takes():
    assert len(Teams().payload(replace(MESSAGE, markdown="ü" * 200_000))[1]) < 28_000


@pytest.mark.parametrize(
    "text",
    ["漢" * 40_000, "\n" * 40_000, '"' * 40_000, "👍🏽" * 20_000, "\ud800" * 40_000],
    ids=["wide", "lines", "quotes", "signs", "halves"],
)
@pytest.mark.parametrize("in_parts", [True, False])
def test_a_message_card_stays_within_what_teams_takes_whatever_is_written(text, in_parts):
    parts = (Title("A loom", "https://x"), Prose(f"<p>{text}</p>", text), Note("3 of 4 have voted."))
    message = Message("k", text, text, markdown=text, parts=parts if in_parts else ())
    _headers, body = MessageCard().payload(message)
    assert len(body) <= 28_000
    said = json.loads(body)["text"]
    assert ("3 of 4 have voted." in said) if in_parts else (len(said) > 1000)


def test_what_people_write_makes_no_link_in_a_line_of_two_columns():
    evil = "[free money](https://evil.example.org)"
    parts = (Chart("Results", ("Votes",), (Line(evil, 50, ("1",)),)), Note(evil, evil))
    said = Teams().payload(replace(MESSAGE, parts=parts))[1].decode()
    assert "free money" in said
    assert "[free money](" not in said


class Wrong(Teams):
    """Says only that something happened."""

    def payload(self, message):
        return {"Content-Type": "application/json"}, b'{"type": "message", "attachments": []}'


def test_the_contract_finds_a_wrong_sibling_out():
    with pytest.raises(AssertionError):
        WebhookFormatContract().test_what_happened_and_where_is_said(Wrong())
