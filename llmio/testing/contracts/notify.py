"""What every notifier must do. Subclass `NotifierContract` and give the fixtures `notifier` and `target`, made as its fields ask."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from urllib.parse import quote_from_bytes

import pytest

from llmio.core.ports import Receipt
from llmio.plugins import (
    Enclosure,
    Failed,
    FieldError,
    HttpAnswer,
    Message,
    Notifier,
    Outgoing,
    Reaches,
    Retry,
    Sent,
    Target,
)
from llmio.testing.contracts.webhooks import NASTY, PARTS
from llmio.testing.ports import Mailbox, MemoryHttp

MESSAGE = Message(
    kind="new_comment",
    subject="Ada commented: Buy a loom?",
    text="Ada commented on Buy a loom?: yes! https://example.org/d/Ab12Cd34",
    html="<p>Ada commented on Buy a loom?: <strong>yes!</strong></p>",
    markdown="Ada commented on **Buy a loom?**: yes!",
    url="https://example.org/d/Ab12Cd34",
    why="You are a member of Weavers.",
    headers={"Message-ID": "<1.2@example.org>", "List-Id": "<weavers.example.org>"},
)

FILE = b"BEGIN:VCALENDAR\r\nX-BYTES:\xc3\xa9\r\nEND:VCALENDAR\r\n"


class NotifierContract:
    """The suite. Whatever way out the notifier uses, the other side answers as a test says."""

    @pytest.fixture
    def notifier(self) -> Notifier:
        """The notifier that is tested."""
        raise NotImplementedError("give a fixture `notifier`")

    @pytest.fixture
    def target(self) -> Target:
        """Somebody it can reach."""
        raise NotImplementedError("give a fixture `target`")

    @pytest.fixture
    def web(self) -> MemoryHttp:
        """Requests it makes."""
        return MemoryHttp()

    @pytest.fixture
    def post(self) -> Mailbox:
        """Mails it sends."""
        return Mailbox()

    @pytest.fixture
    def out(self, web: MemoryHttp, post: Mailbox) -> Outgoing:
        """Its ways out."""
        return Outgoing(web, post)

    def test_it_has_a_name_and_words(self, notifier: Notifier) -> None:
        """Its key is stored with each delivery."""
        assert notifier.key.replace("_", "").isalnum()
        assert notifier.key == notifier.key.lower()
        assert str(notifier.title)
        assert notifier.reaches in set(Reaches)

    def test_what_it_asks_for_is_clear(self, notifier: Notifier) -> None:
        """Each field has a label, a default that it takes itself, and words for what does not match."""
        for one in notifier.fields:
            assert str(one.label), one.name
            assert one.kind != "choice" or one.choices, f"{one.name}: nothing to choose among"
            assert one.default is None or one.clean(str(one.default)) == one.default, one.name
            assert not one.pattern or str(one.mismatch), f"{one.name}: say what it has to look like"
            re.compile(one.pattern)

    def test_what_was_entered_makes_its_target(self, notifier: Notifier, target: Target) -> None:
        """The fields take what the target holds, and it has nothing from elsewhere that the fields know."""
        entered = {"address": target.address, **target.options}
        before, values = dict(vars(notifier)), {}
        for one in notifier.fields:
            values[one.name] = one.clean("" if entered.get(one.name) is None else str(entered[one.name]))
            assert values[one.name] == entered.get(one.name, one.default), one.name
        notifier.check(values)
        assert vars(notifier) == before

    def test_what_is_required_is_required(self, notifier: Notifier) -> None:
        """Nothing entered is refused at the field, before anything is sent."""
        for one in (one for one in notifier.fields if one.required and one.default is None):
            with pytest.raises(FieldError):
                one.clean("")

    def test_a_message_goes_out_once(
        self, notifier: Notifier, target: Target, out: Outgoing, web: MemoryHttp, post: Mailbox
    ) -> None:
        """One message, one target: one thing sent, to that address, saying what happened."""
        assert isinstance(notifier.send(MESSAGE, target, out), Sent)
        assert len(web.posts) + len(post.mails) == 1
        where = [one.url for one in web.posts] + post.addresses()
        said = [one.body.decode() for one in web.posts] + [one.text for one in post.mails]
        assert target.address in where[0]
        assert "Buy a loom?" in said[0]
        assert MESSAGE.url in said[0], "nobody can go there"

    @pytest.mark.parametrize(
        "message",
        [
            Message("new_comment", "Buy a loom?", "yes!"),
            replace(MESSAGE, parts=PARTS),
            replace(MESSAGE, subject=NASTY, text=NASTY, html=NASTY, markdown=NASTY),
            replace(MESSAGE, text="x" * 200_000, markdown="x" * 200_000),
        ],
        ids=["bare", "parts", "nasty", "long"],
    )
    def test_whatever_is_to_be_said_goes_out(
        self, notifier: Notifier, target: Target, out: Outgoing, message: Message
    ) -> None:
        """Only the first three fields are promised; people write what they like, at any length."""
        assert isinstance(notifier.send(message, target, out), Sent)

    def test_nothing_is_kept_between_messages(self, notifier: Notifier, target: Target, out: Outgoing) -> None:
        """Two threads may send at once."""
        before = dict(vars(notifier))
        notifier.send(MESSAGE, target, out)
        assert vars(notifier) == before

    def test_how_long_to_wait_is_heeded(
        self, notifier: Notifier, target: Target, out: Outgoing, web: MemoryHttp, post: Mailbox
    ) -> None:
        """Where the other side says so."""
        self.let_answer(
            web, post, HttpAnswer(429, {"retry-after": "120"}, "slow"), Receipt(ok=False, answer="451 slow")
        )
        outcome = notifier.send(MESSAGE, target, out)
        assert isinstance(outcome, Retry)
        assert not web.posts or outcome.after == 120

    def test_trouble_that_passes_is_tried_again(
        self, notifier: Notifier, target: Target, out: Outgoing, web: MemoryHttp, post: Mailbox
    ) -> None:
        """The other side is out of order: the delivery waits."""
        self.let_answer(web, post, HttpAnswer(503, {}, "away"), Receipt(ok=False, answer="451 later"))
        outcome = notifier.send(MESSAGE, target, out)
        assert isinstance(outcome, Retry)
        assert outcome.reason.strip()

    def test_silence_is_tried_again(
        self, notifier: Notifier, target: Target, out: Outgoing, web: MemoryHttp, post: Mailbox
    ) -> None:
        """Nobody answered."""
        self.let_answer(web, post, HttpAnswer(0, {}, "timed out"), Receipt(ok=False, answer="timed out"))
        assert isinstance(notifier.send(MESSAGE, target, out), Retry)

    def test_a_refusal_is_final(
        self, notifier: Notifier, target: Target, out: Outgoing, web: MemoryHttp, post: Mailbox
    ) -> None:
        """The other side will never take it: the delivery is dead, and says why."""
        self.let_answer(
            web, post, HttpAnswer(404, {}, "nobody here"), Receipt(ok=False, answer="550 nobody here", permanent=True)
        )
        outcome = notifier.send(MESSAGE, target, out)
        assert isinstance(outcome, Failed)
        assert "nobody here" in outcome.reason

    def test_a_second_try_arrives(
        self, notifier: Notifier, target: Target, out: Outgoing, web: MemoryHttp, post: Mailbox
    ) -> None:
        """Nothing is remembered that would keep it from arriving."""
        self.let_answer(web, post, HttpAnswer(503, {}, "away"), Receipt(ok=False, answer="451 later"))
        notifier.send(MESSAGE, target, out)
        assert isinstance(notifier.send(MESSAGE, target, out), Sent)

    def test_a_file_goes_along_or_is_left_out(
        self, notifier: Notifier, target: Target, out: Outgoing, web: MemoryHttp, post: Mailbox
    ) -> None:
        """A message with a file arrives; the file too, byte by byte, where the notifier says that it carries files."""
        meeting = replace(MESSAGE, attachments=(Enclosure("meeting.ics", "text/calendar; method=PUBLISH", FILE),))
        assert isinstance(notifier.send(meeting, target, out), Sent)
        assert len(web.posts) + len(post.mails) == 1
        ways = (FILE, b64encode(FILE), quote_from_bytes(FILE).encode())
        arrived = any(way in one.body for one in web.posts for way in ways) or any(
            tuple(file) == ("meeting.ics", "text/calendar; method=PUBLISH", FILE)
            for one in post.mails
            for file in one.attachments
        )
        assert arrived == notifier.carries_files

    def test_the_message_is_left_as_it_was(self, notifier: Notifier, target: Target, out: Outgoing) -> None:
        """It is used again for the next try."""
        before = dict(MESSAGE.headers), dict(MESSAGE.data)
        notifier.send(MESSAGE, target, out)
        assert (dict(MESSAGE.headers), dict(MESSAGE.data)) == before

    def let_answer(self, web: MemoryHttp, post: Mailbox, answer: HttpAnswer, receipt: Receipt) -> None:
        """What the other side says to the next thing sent."""
        web.answers.append(answer)
        post.answers.append(receipt)
