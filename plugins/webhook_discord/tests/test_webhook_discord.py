"""Discord's format: the contract, its limits, and a wrong sibling that the contract finds out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llmio_webhook_discord import LIMIT, SUFFIX, Discord, cut, units

from llmio.plugins import Message, WebhookFormat
from llmio.testing.contracts.webhooks import MESSAGE, WebhookFormatContract


class TestDiscord(WebhookFormatContract):
    @pytest.fixture
    def shape(self) -> WebhookFormat:
        return Discord()


def body(message):
    return json.loads(Discord().payload(message)[1])


def test_the_fields_are_those_of_markdown_and_content():
    made = body(MESSAGE)
    assert made["content"] == made["text"] == MESSAGE.markdown
    assert (made["username"], made["avatar_url"]) == ("Weavers", "https://example.org/logo.png")
    assert made["allowed_mentions"] == {"parse": []}
    assert "embeds" not in made


def test_a_long_text_is_cut_and_the_rest_follows_in_an_embed():
    made = body(
        Message("k", "s", "", markdown="word\n" * 900, url="https://example.org/p/x", data={"title": "t" * 300})
    )
    assert made["content"].endswith(SUFFIX)
    assert len(made["content"]) <= 2000
    (embed,) = made["embeds"]
    assert 200 < len(embed["title"]) <= 256
    assert embed["url"] == "https://example.org/p/x"
    said = (made["content"].removesuffix(SUFFIX) + embed["description"]).count("word")
    assert said == 900


def test_a_table_that_is_cut_is_a_table_in_both_pieces():
    first, rest = cut("intro\n```\n" + "│ row │\n" * 400 + "```", LIMIT)
    assert first.count("```") == 2
    assert rest.count("```") == 2


@given(
    st.text(max_size=3000) | st.lists(st.sampled_from(["```", "\n", "x" * 30, "👍🏽"]), max_size=300).map("".join),
    st.integers(50, 2000),
)
def test_a_cut_keeps_to_its_length_and_loses_no_words(text, most):
    first, rest = cut(text, most)
    assert units(first) <= most
    if not rest:
        assert first == text
    elif "```" not in text:
        assert (first + rest).replace("\n", "").strip() == text.replace("\n", "").strip()


@pytest.mark.parametrize("name", ["", "My Discord", "  ", "CLYDE & co"])
def test_a_name_that_discord_refuses_is_left_out(name):
    assert "username" not in body(Message("k", "s", "x", data={"site_name": name}))


class Wrong(Discord):
    """Sends more than Discord takes as it is, in broken JSON."""

    def payload(self, message):
        return {"Content-Type": "application/json"}, f'{{"content": "{message.markdown}"}}'.encode()


def test_the_contract_finds_a_wrong_sibling_out():
    suite = WebhookFormatContract()
    with pytest.raises(json.JSONDecodeError):
        suite.test_whatever_people_write_has_a_form(Wrong(), '"')
    with pytest.raises(AssertionError):
        suite.test_a_message_without_markdown_is_told_by_its_text(Wrong())
