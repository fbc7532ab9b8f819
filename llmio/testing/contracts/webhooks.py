"""What every webhook format must do. Subclass `WebhookFormatContract` and give the fixture `shape`."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from llmio.plugins import (
    Action,
    Chart,
    Failed,
    Grid,
    GridLine,
    Headline,
    HttpAnswer,
    Line,
    Link,
    Links,
    Message,
    Note,
    Prose,
    Quote,
    Retry,
    Sent,
    Target,
    Title,
    WebhookFormat,
)

NASTY = 'He said "no" \\ & <b>left</b> \u2028 \U0001f44d \x07\r\n\t`x` *y* _z_ {"text": 1}'
URL = "https://example.org/p/Ab12Cd34/buy-a-loom"
MESSAGE = Message(
    kind="poll_created",
    subject="Ada started a poll: Buy a loom?",
    text=f"Ada started a poll: Buy a loom?\n{URL}",
    markdown=f"**Ada** started a poll: [Buy a loom?]({URL})",
    url=URL,
    why="This webhook asked for polls.",
    data={"title": "Buy a loom?", "site_name": "Weavers", "icon_url": "https://example.org/logo.png"},
)
PARTS = (
    Headline("Ada started a poll"),
    Title("Buy a loom?", URL),
    Quote("Please say by Friday."),
    Prose("<p>Ours is <strong>old</strong>.</p>", "Ours is **old**."),
    Note("Closes on Friday", "Time"),
    Links("Options", (Link("Yes", URL), Link("No", URL))),
    Chart("Results", ("Votes",), (Line("Yes", 100, ("2",)), Line("No", 0, ("0",)))),
    Grid("Times", ("AF", "BG"), (GridLine("Friday", (2, None), "1"),)),
    Action(Link("Vote", URL)),
)


class WebhookFormatContract:
    """The suite."""

    @pytest.fixture
    def shape(self) -> WebhookFormat:
        """The format that is tested."""
        raise NotImplementedError("give a fixture `shape`")

    def test_it_has_a_name_and_words(self, shape: WebhookFormat) -> None:
        """Its key is stored with each webhook; its title is what an admin chooses."""
        assert shape.key.replace("_", "").isalnum()
        assert shape.key == shape.key.lower()
        assert str(shape.title)

    def test_payload_is_headers_and_bytes_of_that_type(self, shape: WebhookFormat) -> None:
        """The body is what its content type says."""
        headers, body = shape.payload(MESSAGE)
        assert isinstance(body, bytes)
        kinds = [value for name, value in headers.items() if name.lower() == "content-type"]
        assert len(kinds) == 1
        if "json" in kinds[0]:
            json.loads(body)

    def test_what_happened_and_where_is_said(self, shape: WebhookFormat) -> None:
        """Who reads it learns what it is about, and can go there."""
        said = self.said(shape, MESSAGE)
        assert "Buy a loom?" in said
        assert URL in said

    def test_a_message_without_markdown_is_told_by_its_text(self, shape: WebhookFormat) -> None:
        """Markdown is not promised."""
        assert "Buy a loom?" in self.said(shape, replace(MESSAGE, markdown=""))

    def test_a_message_without_data_is_told(self, shape: WebhookFormat) -> None:
        """No value behind the text is promised."""
        assert "Buy a loom?" in self.said(shape, replace(MESSAGE, data={}))

    def test_a_message_in_parts_is_told(self, shape: WebhookFormat) -> None:
        """As the site gives it: of every kind of part."""
        said = self.said(shape, replace(MESSAGE, parts=PARTS))
        assert "Buy a loom?" in said
        assert URL in said

    def test_what_is_posted_to_an_address_is_whole(self, shape: WebhookFormat) -> None:
        """`request` is what is asked for in the end; it says the same as `payload`, in headers that can be sent."""
        target = Target("https://hooks.example.org/1", "Us", {"secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="})
        for message in (
            MESSAGE,
            replace(MESSAGE, subject=NASTY, text=NASTY + URL, markdown=NASTY + URL, parts=PARTS, id="1"),
        ):
            headers, body = shape.request(message, target, datetime(2026, 3, 1, tzinfo=UTC))
            assert isinstance(body, bytes)
            assert len([name for name in headers if name.lower() == "content-type"]) == 1
            for name, value in headers.items():
                assert re.fullmatch(r"[\x20-\x7e\x80-\xff]*", value), f"header {name} cannot be sent: {value!r}"
            assert URL in body.decode() or URL in " ".join(_texts(json.loads(body)))

    @pytest.mark.parametrize("text", [NASTY, "x" * 200_000, ""], ids=["nasty", "long", "empty"])
    def test_whatever_people_write_has_a_form(self, shape: WebhookFormat, text: str) -> None:
        """No text makes it raise, or breaks the form of the body."""
        headers, body = shape.payload(replace(MESSAGE, text=text, markdown=text))
        body.decode()
        if any("json" in value for value in headers.values()):
            json.loads(body)

    def test_the_same_message_gives_the_same_payload(self, shape: WebhookFormat) -> None:
        """A second try says what the first one said, and the message is left as it was."""
        before = dict(MESSAGE.data)
        assert shape.payload(MESSAGE) == shape.payload(MESSAGE)
        assert dict(MESSAGE.data) == before

    @pytest.mark.parametrize("status", [200, 201, 204])
    def test_a_good_answer_is_sent(self, shape: WebhookFormat, status: int) -> None:
        """2xx: it has arrived."""
        assert isinstance(shape.answer(HttpAnswer(status, {}, "ok")), Sent)

    @pytest.mark.parametrize("status", [0, 429, 500, 503])
    def test_trouble_that_passes_is_tried_again(self, shape: WebhookFormat, status: int) -> None:
        """No answer, too many, broken: later it may work."""
        assert isinstance(shape.answer(HttpAnswer(status, {}, "trouble")), Retry)

    @pytest.mark.parametrize("status", [400, 403, 404, 410])
    def test_a_refusal_is_final(self, shape: WebhookFormat, status: int) -> None:
        """The address or the body is wrong: trying again only annoys."""
        assert isinstance(shape.answer(HttpAnswer(status, {}, "no")), Failed)

    @pytest.mark.parametrize("status", [100, 301, 302, 304, 401, 408, 413, 422, 425, 502, 504, 599])
    def test_whatever_is_answered_has_an_outcome(self, shape: WebhookFormat, status: int) -> None:
        """Nothing is taken for sent that was not, and there are words for the log."""
        outcome = shape.answer(HttpAnswer(status, {}, "<html>" + "x" * 9000))
        assert isinstance(outcome, Retry | Failed)
        assert outcome.reason.strip()

    def test_how_long_to_wait_is_heeded(self, shape: WebhookFormat) -> None:
        """As the other side says; nonsense is no reason to fail."""
        waits = shape.answer(HttpAnswer(429, {"retry-after": "120"}, "slow down"))
        assert isinstance(waits, Retry)
        assert waits.after == 120
        assert isinstance(shape.answer(HttpAnswer(429, {"retry-after": "soon"}, "")), Retry)

    def said(self, shape: WebhookFormat, message: Message) -> str:
        """All texts of the body."""
        headers, body = shape.payload(message)
        if not any("json" in value for value in headers.values()):
            return body.decode()
        return " ".join(_texts(json.loads(body)))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]
