"""Scores: the contracts, what is theirs alone, and wrong siblings that the contracts find out."""

from __future__ import annotations

from fractions import Fraction

import pytest
from llmio_poll_score import Score, ScoreSum

from llmio.plugins import Ballot, BallotError, Count, FieldError, Profile
from llmio.testing.contracts.plugin import PluginContract
from llmio.testing.contracts.polls import OPTIONS, MethodContract, PollTypeContract, poll_for

METHODS = {"score_sum": ScoreSum()}


class TestPlugin(PluginContract):
    @pytest.fixture
    def plugin_name(self):
        return "poll_score"


class TestScore(PollTypeContract):
    @pytest.fixture
    def poll_type(self):
        return Score()

    @pytest.fixture
    def methods(self):
        return METHODS

    @pytest.fixture
    def good(self):
        return [Ballot({1: 5, 2: 0, 3: 1, 4: 2}), Ballot({1: 1, 2: 4}), Ballot({3: 0})]

    @pytest.fixture
    def bad(self):
        return [Ballot({}), Ballot({1: 6}), Ballot({1: -1, 2: 3})]


class TestScoreSum(MethodContract):
    @pytest.fixture
    def method(self):
        return ScoreSum()


@pytest.mark.parametrize(("score", "taken"), [(-2, True), (3, True), (-3, False), (4, False)])
def test_ratings_stay_within_the_bounds_of_the_poll(score, taken):
    poll = poll_for(Score(), METHODS, min_score=-2, max_score=3)
    if taken:
        Score().check(Ballot({1: score}), poll)
        return
    with pytest.raises(BallotError) as refused:
        Score().check(Ballot({1: score}), poll)
    assert refused.value.field == "score_1"


def test_bounds_that_leave_no_choice_are_refused():
    with pytest.raises(FieldError):
        Score().check_poll(poll_for(Score(), METHODS, min_score=5, max_score=5))


def test_options_come_by_points_with_their_average():
    profile = Profile.of(OPTIONS, [Ballot({1: 5, 2: 4}), Ballot({1: 0, 2: 3}), Ballot({2: 3})])
    rows = Score().tally(profile, poll_for(Score(), METHODS)).rows
    assert [(row.option_id, row.score, row.average, row.rank) for row in rows[:2]] == [
        (2, 10, Fraction(10, 3), 1),
        (1, 5, Fraction(5, 2), 2),
    ]


def test_an_answer_of_nothing_is_not_a_rating_of_0():
    with_zero = Score().tally(Profile.of(OPTIONS, [Ballot({1: 4, 2: 0}), Ballot({1: 2})]), poll_for(Score(), METHODS))
    assert {row.option_id: row.voter_count for row in with_zero.option_rows} == {1: 2, 2: 1, 3: 0, 4: 0}


def test_an_option_that_nobody_rated_has_no_average():
    result = Score().tally(Profile.of(OPTIONS, [Ballot({1: 4, 2: 0})]), poll_for(Score(), METHODS))
    assert [(row.option_id, row.cell("average")) for row in result.rows] == [
        (1, 4),
        (2, 0),
        (3, None),
        (4, None),
        (-1, None),
    ]


class Shifting(ScoreSum):
    """Remembers what it counted before."""

    def __init__(self):
        self.before = 0

    def count(self, profile, parameters, seed=0):
        count = super().count(profile, parameters, seed)
        self.before += 1
        return Count(count.winners, {key: score + self.before for key, score in count.scores.items()}, (), count.steps)


class Wild(Score):
    """Breaks on a number out of bounds instead of refusing it."""

    def check(self, ballot, poll):
        return [range(6)[score] for score in ballot.scores.values()]


def test_the_contract_finds_wrong_siblings_out():
    methods = MethodContract()
    for fails in (methods.test_it_is_pure, methods.test_steps_add_up_to_the_result):
        with pytest.raises(AssertionError):
            fails(Shifting(), {})
    with pytest.raises(IndexError):
        PollTypeContract().test_any_ballot_is_taken_or_refused(Wild(), METHODS)


class Deaf(Score):
    """Tells the same of whatever was voted, in a chart that is none, and exports words."""

    chart = "cloud"

    def tally(self, profile, poll):
        return super().tally(Profile.of(profile.options, []), poll)

    def export_rows(self, profile, poll):
        return ["words"]


def test_the_contract_finds_a_deaf_sibling_out():
    suite, good = PollTypeContract(), [Ballot({1: 5}), Ballot({2: 4})]
    for check, given in (
        (suite.test_it_says_what_it_is, ()),
        (suite.test_a_result_tells_of_the_votes, (METHODS, good)),
        (suite.test_export_is_text, (METHODS, good)),
    ):
        check(Score(), *given)
        with pytest.raises(AssertionError):
            check(Deaf(), *given)
