"""Choices: the contracts, what is theirs alone, and wrong siblings that the contracts find out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from llmio_poll_choose import Approval, Choose, Plurality

from llmio.plugins import Ballot, BallotError, Count, FieldError, Profile, Step
from llmio.testing.contracts.plugin import PluginContract
from llmio.testing.contracts.polls import OPTIONS, MethodContract, PollTypeContract, poll_for

METHODS = {"plurality": Plurality(), "approval": Approval()}


class TestPlugin(PluginContract):
    @pytest.fixture
    def plugin_name(self):
        return "poll_choose"


class TestChoose(PollTypeContract):
    @pytest.fixture
    def poll_type(self):
        return Choose()

    @pytest.fixture
    def methods(self):
        return METHODS

    @pytest.fixture
    def good(self):
        return [Ballot({1: 1}), Ballot({3: 1}), Ballot({1: 1}), Ballot({}, none_of_the_above=True)]

    @pytest.fixture
    def bad(self):
        return [Ballot({}), Ballot({1: 1, 2: 1}), Ballot({1: 2}), Ballot({1: 0})]


class TestPlurality(MethodContract):
    @pytest.fixture
    def method(self):
        return Plurality()


class TestApproval(MethodContract):
    @pytest.fixture
    def method(self):
        return Approval()


@pytest.mark.parametrize(
    ("least", "most", "chosen", "taken"),
    [
        (1, 3, 1, True),
        (1, 3, 3, True),
        (1, 3, 4, False),
        (2, 3, 1, False),
        (0, 2, 0, True),
        (4, 4, 4, True),
        (9, 9, 4, True),
    ],
)
def test_as_many_as_the_poll_says(least, most, chosen, taken):
    poll = poll_for(Choose(), METHODS, minimum_stance_choices=least, maximum_stance_choices=most)
    ballot = Ballot(dict.fromkeys(OPTIONS[:chosen], 1))
    if taken:
        Choose().check(ballot, poll)
    else:
        with pytest.raises(BallotError):
            Choose().check(ballot, poll)


def test_bounds_that_leave_nothing_are_refused():
    with pytest.raises(FieldError):
        Choose().check_poll(poll_for(Choose(), METHODS, minimum_stance_choices=3, maximum_stance_choices=2))


def test_none_of_the_above_has_a_line_of_its_own():
    poll = poll_for(Choose(), METHODS, show_none_of_the_above=True)
    profile = Profile.of(
        OPTIONS, [Ballot({1: 1}), Ballot({}, none_of_the_above=True), Ballot({}, none_of_the_above=True)]
    )
    lines = {row.option_id: row.voter_count for row in Choose().tally(profile, poll).rows}
    assert (lines[0], lines[1], lines[-1]) == (2, 1, 6)


def test_shares_are_exact():
    profile = Profile.of(OPTIONS, [Ballot({1: 1}), Ballot({1: 1}), Ballot({2: 1})])
    first = Choose().tally(profile, replace(poll_for(Choose(), METHODS), voters_count=7, cast_count=3)).rows[0]
    assert (first.score_percent * 3, first.max_score_percent, first.voter_percent * 7) == (200, 100, 200)


def test_equal_options_tie():
    count = Plurality().count(Profile.of(OPTIONS, [Ballot({2: 1}), Ballot({4: 1})]), {})
    assert count.winners == (2, 4)
    assert [tie.options for tie in count.ties] == [(2, 4)]


class Loose(Choose):
    """Takes any ballot, and half of one."""

    settings = (*Choose.settings, replace(Choose.settings[0], default=-1))
    ballot_template = "llmio_poll_choose:templates/nothing.jinja2"

    def check(self, ballot, poll):
        if 99 in ballot.scores:
            raise KeyError(99)


class Favouring(Plurality):
    """Adds something for the first option, and rounds."""

    def count(self, profile, parameters, seed=0):
        scores = {option: score / 3 for option, score in profile.sums().items()}
        scores[profile.options[0]] += 1
        return Count((profile.options[0],), scores, (), (Step("votes", "Votes", profile.sums()),))


def test_the_contract_finds_a_wrong_type_out():
    suite, wrong = PollTypeContract(), Loose()
    suite.test_good_ballots_are_taken(wrong, METHODS, [Ballot({1: 1}), Ballot({2: 1})])
    for fails in (suite.test_settings_are_declared_whole, suite.test_templates_are_there):
        with pytest.raises((AssertionError, FieldError, FileNotFoundError)):
            fails(wrong)
    with pytest.raises(pytest.fail.Exception):
        suite.test_bad_ballots_are_refused(wrong, METHODS, [Ballot({})])
    with pytest.raises(KeyError):
        suite.test_any_ballot_is_taken_or_refused(wrong, METHODS)


def test_the_contract_finds_a_wrong_method_out():
    suite, wrong = MethodContract(), Favouring()
    for fails in (suite.test_steps_add_up_to_the_result, suite.test_it_is_exact, suite.test_neutrality_where_claimed,
                  suite.test_nobody_wins_where_nobody_voted):  # fmt: skip
        with pytest.raises(AssertionError):
            fails(wrong, {})
