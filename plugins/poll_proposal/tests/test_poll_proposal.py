"""Proposals: the contract, what is theirs alone, and a wrong sibling that the contract finds out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from llmio_poll_choose import Plurality
from llmio_poll_proposal import Proposal

from llmio.plugins import Ballot, FieldError, OptionValue, Profile
from llmio.testing.contracts.plugin import PluginContract
from llmio.testing.contracts.polls import OPTIONS, PollTypeContract, poll_for

METHODS = {"plurality": Plurality()}


class TestPlugin(PluginContract):
    @pytest.fixture
    def plugin_name(self):
        return "poll_proposal"


class TestProposal(PollTypeContract):
    @pytest.fixture
    def poll_type(self):
        return Proposal()

    @pytest.fixture
    def methods(self):
        return METHODS

    @pytest.fixture
    def good(self):
        return [Ballot({1: 1}), Ballot({2: 1}), Ballot({1: 1})]

    @pytest.fixture
    def bad(self):
        return [Ballot({}), Ballot({1: 1, 2: 1}), Ballot({1: 2}), Ballot({1: -1}), Ballot({1: 0})]


def poll_with(**first):
    """A proposal whose first option has these fields; 10 may vote."""
    poll = poll_for(Proposal(), METHODS)
    return replace(poll, options=(replace(poll.options[0], **first), *poll.options[1:]))


@pytest.mark.parametrize(
    ("operator", "percent", "against", "passes"),
    [
        ("gte", 75, "score_percent", True),
        ("gte", 76, "score_percent", False),
        ("lte", 75, "score_percent", True),
        ("lte", 74, "score_percent", False),
        ("gte", 30, "voter_percent", True),
        ("gte", 31, "voter_percent", False),
        (None, 75, "score_percent", None),
    ],
)
def test_an_option_can_be_required_to_reach_a_share(operator, percent, against, passes):
    poll = poll_with(test_operator=operator, test_percent=percent, test_against=against)
    profile = Profile.of(OPTIONS, [Ballot({1: 1})] * 3 + [Ballot({2: 1})])
    assert Proposal().tally(profile, poll).rows[0].test_result is passes


def test_options_stay_in_their_own_order():
    profile = Profile.of(OPTIONS, [Ballot({3: 1}), Ballot({3: 1}), Ballot({1: 1})])
    assert [row.option_id for row in Proposal().tally(profile, poll_with()).rows] == [1, 2, 3, 4, -1]


def test_those_who_have_not_voted_have_a_line():
    row = Proposal().tally(Profile.of(OPTIONS, []), poll_with()).rows[-1]
    assert (row.option_id, row.voter_count, row.voter_percent) == (-1, 6, 60)


@pytest.mark.parametrize(
    ("percent", "needed", "reached", "missing"),
    [(40, 4, True, 0), (41, 5, False, 1), (100, 10, False, 6), (0, 0, True, 0)],
)
def test_the_quorum_counts_people(percent, needed, reached, missing):
    poll = replace(poll_with(), settings={"quorum_pct": percent})
    totals = Proposal().tally(Profile.of(OPTIONS, []), poll).totals
    assert (totals["quorum_count"], totals["quorum_reached"], totals["quorum_votes_required"]) == (
        needed,
        reached,
        missing,
    )


def test_colours_follow_the_signs():
    colors = [Proposal().color(OptionValue(1, "x", icon)) for icon in ("agree", "abstain", "disagree", "block", "")]
    assert colors == ["#00D177", "#F6A82B", "#F96168", "#CE261B", "#70C9F8"]


def test_two_options_of_one_name_are_refused():
    with pytest.raises(FieldError):
        Proposal().check_poll(replace(poll_with(), options=(OptionValue(1, "Yes"), OptionValue(2, " yes"))))


class Wrong(Proposal):
    """Takes two positions at once, and counts by guessing."""

    def check(self, ballot, poll):
        return None

    def tally(self, profile, poll):
        result = super().tally(profile, poll)
        return replace(result, rows=tuple(replace(row, score=float(row.score)) for row in result.rows[1:]))


def test_the_contract_finds_a_wrong_sibling_out():
    suite, wrong, good = PollTypeContract(), Wrong(), [Ballot({1: 1}), Ballot({2: 1})]
    suite.test_good_ballots_are_taken(wrong, METHODS, good)
    with pytest.raises(pytest.fail.Exception):
        suite.test_bad_ballots_are_refused(wrong, METHODS, [Ballot({1: 1, 2: 1})])
    with pytest.raises(AssertionError):
        suite.test_a_result_is_whole_and_exact(wrong, METHODS, good)
