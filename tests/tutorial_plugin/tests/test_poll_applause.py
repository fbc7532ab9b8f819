"""The contracts, and what is ours alone."""

from __future__ import annotations

import pytest
from llmio_poll_applause import Applause, Claps

from llmio.plugins import Ballot, BallotError
from llmio.testing.contracts.plugin import PluginContract
from llmio.testing.contracts.polls import MethodContract, PollTypeContract, poll_for

METHODS = {"claps": Claps()}


class TestPlugin(PluginContract):
    @pytest.fixture
    def plugin_name(self):
        return "poll_applause"


class TestClaps(MethodContract):
    @pytest.fixture
    def method(self):
        return Claps()


class TestApplause(PollTypeContract):
    @pytest.fixture
    def poll_type(self):
        return Applause()

    @pytest.fixture
    def methods(self):
        return METHODS

    @pytest.fixture
    def good(self):
        return [Ballot({1: 3, 2: 0}), Ballot({2: 1, 3: 2, 4: 1})]

    @pytest.fixture
    def bad(self):
        return [Ballot({}), Ballot({1: 4}), Ballot({1: -1})]


def test_the_poll_says_how_many_claps_there_are():
    poll = poll_for(Applause(), METHODS, most_claps=5)
    Applause().check(Ballot({1: 5}), poll)
    with pytest.raises(BallotError):
        Applause().check(Ballot({1: 6}), poll)
