"""The contracts, and what is ours alone."""

from __future__ import annotations

import json

import pytest
from llmio_notify_pager import Board, Pager

from llmio.plugins import FieldError, Notifier, Outgoing, Target
from llmio.testing.contracts.notify import MESSAGE, NotifierContract
from llmio.testing.contracts.plugin import PluginContract
from llmio.testing.ports import Mailbox, MemoryHttp

ENTERED = {"tone": "loud", "rings": True, "seconds": 60, "key": "AB-1234"}


class TestPlugin(PluginContract):
    @pytest.fixture
    def plugin_name(self):
        return "notify_pager"


class TestBoard(NotifierContract):
    @pytest.fixture
    def notifier(self) -> Notifier:
        return Board()

    @pytest.fixture
    def target(self) -> Target:
        return Target("https://board.example.org/notices", "The kitchen", ENTERED)


class TestPager(NotifierContract):
    @pytest.fixture
    def notifier(self) -> Notifier:
        return Pager()

    @pytest.fixture
    def target(self) -> Target:
        return Target("https://pagers.example.org/", "Ada", {"number": "+4930123456"})


def test_a_bell_is_not_soft():
    Board().check({"rings": True, "tone": "loud"})
    with pytest.raises(FieldError):
        Board().check({"rings": True, "tone": "soft"})


def test_pagers_are_reached_by_the_gateway():
    web = MemoryHttp()
    out = Outgoing(web, Mailbox(), settings={"gateway": "https://gateway.example.org/send"})
    Pager().send(MESSAGE, Target("", "Ada", {"number": "+4930123456"}), out)
    assert web.posts[0].url == "https://gateway.example.org/send"
    assert json.loads(web.posts[0].body)["to"] == "+4930123456"
