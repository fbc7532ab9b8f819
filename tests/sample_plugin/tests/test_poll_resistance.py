"""The sample plugin's own tests: the contracts, and what is its alone."""

from __future__ import annotations

import pytest
from llmio_poll_resistance import LeastResistance, Resistance

from llmio.plugins import Ballot, BallotError, OptionValue, PollValue, Profile
from llmio.testing.contracts.plugin import PluginContract
from llmio.testing.contracts.polls import MethodContract, PollTypeContract

POLL = PollValue(
    "abc",
    "Where to?",
    (OptionValue(1, "Sea"), OptionValue(2, "Hills"), OptionValue(3, "Town")),
    {"most_resistance": 10},
    voters_count=3,
    cast_count=2,
    method=LeastResistance(),
)


class TestPlugin(PluginContract):
    @pytest.fixture
    def plugin_name(self):
        return "poll_resistance"


class TestMethod(MethodContract):
    @pytest.fixture
    def method(self):
        return LeastResistance()


class TestType(PollTypeContract):
    @pytest.fixture
    def poll_type(self):
        return Resistance()

    @pytest.fixture
    def methods(self):
        return {"least_resistance": LeastResistance()}

    @pytest.fixture
    def good(self):
        return [Ballot({1: 0, 2: 10, 3: 4, 4: 4}), Ballot({1: 2, 2: 2, 3: 0, 4: 9})]

    @pytest.fixture
    def bad(self):
        return [Ballot({}), Ballot({1: 2, 2: 2, 3: 0}), Ballot({1: 2, 2: 2, 3: 0, 4: 11})]


def test_least_resisted_option_wins():
    ballots = [Ballot({1: 2, 2: 0, 3: 10}), Ballot({1: 3, 2: 9, 3: 0})]
    result = Resistance().tally(Profile.of([1, 2, 3], ballots), POLL)
    assert result.count.winners == (1,)
    assert [(row.name, row.score, row.values["resistance"]) for row in result.option_rows] == [
        ("Sea", 15, 5),
        ("Hills", 11, 9),
        ("Town", 10, 10),
    ]


def test_steps_add_up():
    profile = Profile.of([1, 2], [Ballot({1: 2, 2: 0}), Ballot({1: 10, 2: 7})])
    count = LeastResistance().count(profile, {"most": 10})
    for option in (1, 2):
        assert sum(step.scores.get(option, 0) for step in count.steps) == count.scores[option]


@pytest.mark.parametrize(
    ("scores", "field"),
    [({1: 2, 2: 0}, "score_3"), ({1: 2, 2: 0, 3: 11}, "score_3"), ({1: -1, 2: 0, 3: 1}, "score_1"), ({}, "score_1")],
)
def test_ballots_that_cannot_be_taken(scores, field):
    with pytest.raises(BallotError) as raised:
        Resistance().check(Ballot(scores), POLL)
    assert raised.value.field == field


def test_whole_ballot_is_taken():
    Resistance().check(Ballot({1: 0, 2: 10, 3: 5}), POLL)
