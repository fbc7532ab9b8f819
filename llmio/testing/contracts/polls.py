"""What every poll type and every counting method must do.

Subclass `PollTypeContract` and give the fixtures `poll_type`, `methods`, `good` and `bad`; subclass `MethodContract` and give
`method`. Cases are made by hypothesis (`pip install llmio[test]`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from fractions import Fraction
from importlib.resources import files
from typing import Any

import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmio.plugins import Ballot, BallotError, Count, Field, Method, OptionValue, PollType, PollValue, Profile, Result

OPTIONS = (1, 2, 3, 4)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
ANY_BALLOT = st.builds(
    Ballot, st.dictionaries(st.sampled_from((*OPTIONS, 99)), st.integers(-3, 12), max_size=5), st.booleans()
)
ANY_FORM = st.dictionaries(
    st.sampled_from(
        ("option", "none_of_the_above", *(f"{kind}_{one}" for kind in ("score", "choice") for one in OPTIONS))
    ),
    st.text(max_size=12) | st.sampled_from(("1", "2", "999", "-1", "1.5", "٣", "none", "on")),
)


def ballots_of(kind: str) -> st.SearchStrategy[Ballot]:
    """Ballots that a method of a kind is made for."""
    option = st.sampled_from(OPTIONS)
    chosen = st.sets(option, min_size=1)
    made: dict[str, st.SearchStrategy[Ballot]] = {
        "choice": option.map(lambda one: Ballot({one: 1})),
        "approval": chosen.map(lambda some: Ballot(dict.fromkeys(some, 1))),
        "rated": st.fixed_dictionaries({one: st.integers(0, 6) for one in OPTIONS}).map(Ballot),
        "allocated": st.dictionaries(option, st.integers(1, 4), min_size=1).map(Ballot),
        "ranked": st.permutations(OPTIONS).map(lambda row: Ballot({one: len(row) - at for at, one in enumerate(row)})),
    }
    return made[kind]


def exact(value: object) -> bool:
    """Whether a number is whole or a fraction; a float rounds, and two computers may round differently."""
    return isinstance(value, int | Fraction)


def poll_for(poll_type: PollType, methods: Mapping[str, Method], **chosen: Any) -> PollValue:
    """A poll of the type with four options and its default settings, but for those given."""
    values = {one.name: one.default for one in poll_type.settings} | chosen
    options = (
        () if poll_type.options == "none" else tuple(OptionValue(one, f"Option {one}", priority=one) for one in OPTIONS)
    )
    return PollValue("key", "What?", options, values, 10, 4, method=methods.get(poll_type.method(values)), seed=7)


class PollTypeContract:
    """The suite for poll types."""

    @pytest.fixture
    def poll_type(self) -> PollType:
        """The type that is tested."""
        raise NotImplementedError("give a fixture `poll_type`")

    @pytest.fixture
    def methods(self) -> Mapping[str, Method]:
        """The methods it may be counted with, by key."""
        raise NotImplementedError("give a fixture `methods`")

    @pytest.fixture
    def good(self) -> Sequence[Ballot]:
        """Ballots over options 1 to 4 that a poll with default settings takes: different ones, at least two."""
        raise NotImplementedError("give a fixture `good`")

    @pytest.fixture
    def bad(self) -> Sequence[Ballot]:
        """Ballots that it refuses, one for each of its rules."""
        raise NotImplementedError("give a fixture `bad`")

    def test_it_says_what_it_is(self, poll_type: PollType) -> None:
        """Key, title, summary and example are there; the key fits into addresses and columns."""
        assert re.fullmatch(r"[a-z][a-z0-9_]{1,60}", poll_type.key)
        assert str(poll_type.title)
        assert str(poll_type.summary)
        assert str(poll_type.example)
        assert poll_type.days_open > 0
        assert poll_type.options in ("none", "preset", "free", "times")
        assert poll_type.chart in ("bar", "pie", "grid", "none")

    def test_settings_are_declared_whole(self, poll_type: PollType) -> None:
        """Each has a label, and a default that it takes itself; no name twice."""
        names = [one.name for one in poll_type.settings]
        assert len(set(names)) == len(names)
        for one in poll_type.settings:
            assert isinstance(one, Field)
            assert str(one.label)
            assert one.default is None or one.clean(str(one.default)) == one.default, one.name

    def test_presets_are_whole(self, poll_type: PollType) -> None:
        """No key twice; those there at the start are enough for a poll."""
        keys = [one.key for one in poll_type.presets]
        assert len(set(keys)) == len(keys)
        started = [one for one in poll_type.presets if one.start]
        assert not started or len(started) >= poll_type.min_options

    def test_templates_are_there(self, poll_type: PollType) -> None:
        """Ballot and result name templates that can be read."""
        for spec in filter(None, (poll_type.ballot_template, poll_type.result_template)):
            package, _colon, path = spec.partition(":")
            environment = jinja2.Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
                                             autoescape=True)  # fmt: skip
            environment.parse((files(package) / path).read_text(encoding="utf-8"))

    def test_its_methods_exist(self, poll_type: PollType, methods: Mapping[str, Method]) -> None:
        """The method it chooses is one of those it names."""
        chosen = poll_type.method({one.name: one.default for one in poll_type.settings})
        assert chosen in poll_type.methods or not poll_type.methods
        assert set(poll_type.methods) <= set(methods)

    def test_a_poll_with_defaults_is_in_order(self, poll_type: PollType, methods: Mapping[str, Method]) -> None:
        """Its own defaults go together; settings it does not know do no harm."""
        poll = poll_for(poll_type, methods)
        poll_type.check_poll(poll)
        poll_type.check_poll(replace(poll, settings={**poll.settings, "of_another_version": "x"}))

    def test_stored_settings_come_through(self, poll_type: PollType, methods: Mapping[str, Method]) -> None:
        """Settings of this version stay; those of an unknown one do not break it, and a second time changes nothing."""
        now = dict(poll_for(poll_type, methods).settings)
        assert dict(poll_type.migrate_settings(now)) == now
        once = dict(poll_type.migrate_settings({**now, "of_another_version": "x"}))
        assert dict(poll_type.migrate_settings(once)) == once

    def test_good_ballots_are_taken(
        self, poll_type: PollType, methods: Mapping[str, Method], good: Sequence[Ballot]
    ) -> None:
        """Each, as often as it is asked."""
        assert len({ballot.key for ballot in good}) >= 2, "give at least two different ballots"
        for ballot in (*good, *good):
            poll_type.check(ballot, poll_for(poll_type, methods))

    def test_bad_ballots_are_refused(
        self, poll_type: PollType, methods: Mapping[str, Method], bad: Sequence[Ballot]
    ) -> None:
        """Each with words for the voter."""
        assert bad, "give at least one ballot that is refused"
        for ballot in bad:
            with pytest.raises(BallotError) as refused:
                poll_type.check(ballot, poll_for(poll_type, methods))
            assert str(refused.value.message)
            assert refused.value.field

    def test_any_ballot_is_taken_or_refused(self, poll_type: PollType, methods: Mapping[str, Method]) -> None:
        """Nothing else comes out of a check, and asking again gives the same answer; what is taken can be counted."""
        poll = poll_for(poll_type, methods)

        @QUICK
        @given(ANY_BALLOT)
        def holds(ballot: Ballot) -> None:
            taken = _taken(poll_type, ballot, poll)
            assert taken is _taken(poll_type, ballot, poll)
            if taken and set(ballot.scores) <= set(OPTIONS):
                _whole(poll_type, poll, poll_type.tally(Profile.of(OPTIONS, [ballot]), poll))

        holds()

    def test_any_form_is_a_ballot_or_refused(self, poll_type: PollType, methods: Mapping[str, Method]) -> None:
        """Whatever is posted."""
        poll = poll_for(poll_type, methods)

        @QUICK
        @given(ANY_FORM)
        def holds(form: Mapping[str, str]) -> None:
            try:
                assert isinstance(poll_type.read(form, poll), Ballot)
            except BallotError:
                return

        holds()

    def test_a_result_is_whole_and_exact(
        self, poll_type: PollType, methods: Mapping[str, Method], good: Sequence[Ballot]
    ) -> None:
        """Each option has a line, each column a value, no number is a float; also where nobody voted."""
        poll = poll_for(poll_type, methods)
        for ballots in ([], good):
            _whole(poll_type, poll, poll_type.tally(Profile.of(OPTIONS, ballots), poll))

    def test_a_result_tells_of_the_votes(
        self, poll_type: PollType, methods: Mapping[str, Method], good: Sequence[Ballot]
    ) -> None:
        """It is another one than that of no votes."""
        poll = poll_for(poll_type, methods)
        none, some = (
            [
                (row.option_id, row.score, row.voter_count)
                for row in poll_type.tally(Profile.of(OPTIONS, cast), poll).rows
            ]
            for cast in ([], good)
        )
        assert none != some

    def test_a_result_does_not_depend_on_who_came_first(
        self, poll_type: PollType, methods: Mapping[str, Method], good: Sequence[Ballot]
    ) -> None:
        """The same ballots in any order, and counted twice, give the same result."""
        poll = poll_for(poll_type, methods)
        results = [poll_type.tally(Profile.of(OPTIONS, order), poll) for order in (good, good[::-1], good)]
        assert [row.cell("score") for row in results[0].rows] == [row.cell("score") for row in results[1].rows]
        assert [(row.option_id, row.score) for row in results[0].rows] == [
            (row.option_id, row.score) for row in results[2].rows
        ]

    def test_colours_are_colours(self, poll_type: PollType, methods: Mapping[str, Method]) -> None:
        """As #rrggbb, for chat and mail."""
        for option in poll_for(poll_type, methods).options:
            assert re.fullmatch(r"#[0-9A-Fa-f]{6}", poll_type.color(option))

    def test_export_is_text(self, poll_type: PollType, methods: Mapping[str, Method], good: Sequence[Ballot]) -> None:
        """Further lines of the export are lists of text."""
        rows = poll_type.export_rows(Profile.of(OPTIONS, good), poll_for(poll_type, methods))
        assert all(isinstance(row, list | tuple) for row in rows)
        assert all(isinstance(cell, str) for row in rows for cell in row)


def _taken(poll_type: PollType, ballot: Ballot, poll: PollValue) -> bool:
    said = ""
    try:
        poll_type.check(ballot, poll)
    except BallotError as refused:
        said = str(refused.message)
    else:
        return True
    assert said, "a refusal has words for the voter"
    return False


def _whole(poll_type: PollType, poll: PollValue, result: Result) -> None:
    assert sorted(row.option_id for row in result.option_rows) == sorted(option.id for option in poll.options)
    for row in result.rows:
        for one in fields(row):
            assert not isinstance(getattr(row, one.name), float), f"{one.name} is a float"
        for column in result.columns:
            value = row.cell(column.key)
            assert not isinstance(value, float), f"{column.key} is a float"
            empty = not row.is_option or column.kind not in ("number", "percent") or column.key == "average"
            assert empty or value is not None, column.key
    assert not any(isinstance(value, float) for value in result.totals.values())
    assert result.chart == "none" or all(exact(row.cell(result.chart_column)) for row in result.option_rows)
    assert poll_type.options == "none" or result.columns


class MethodContract:
    """The suite for counting methods. Criteria it does not know how to test are left to the method's own tests."""

    @pytest.fixture
    def method(self) -> Method:
        """The method that is tested."""
        raise NotImplementedError("give a fixture `method`")

    @pytest.fixture
    def parameters(self, method: Method) -> Mapping[str, Any]:
        """What it is told; by default the defaults it declares."""
        return {one.name: one.default for one in method.parameters}

    def test_it_explains_itself(self, method: Method) -> None:
        """Title, sentence, example and source are there."""
        assert re.fullmatch(r"[a-z][a-z0-9_]{1,60}", method.key)
        for text in (method.title, method.sentence, method.example, method.source):
            assert str(text)

    def test_steps_add_up_to_the_result(self, method: Method, parameters: Mapping[str, Any]) -> None:
        """What the trace gave each option is its score; every option has one, and winners are options."""

        def holds(ballots: Sequence[Ballot]) -> None:
            count = method.count(Profile.of(OPTIONS, ballots), parameters, 1)
            assert set(count.scores) == set(OPTIONS)
            for option in OPTIONS:
                assert sum(step.scores.get(option, 0) for step in count.steps) == count.scores[option]
            assert set(count.winners) <= set(OPTIONS)
            assert len(set(count.winners)) == len(count.winners)
            assert all(str(step.text) for step in count.steps)

        self.try_ballots(method, holds)

    def test_it_is_exact(self, method: Method, parameters: Mapping[str, Any]) -> None:
        """No score is a float."""

        def holds(ballots: Sequence[Ballot]) -> None:
            count = method.count(Profile.of(OPTIONS, ballots), parameters, 1)
            assert all(exact(score) for score in count.scores.values())
            assert all(exact(score) for step in count.steps for score in step.scores.values())

        self.try_ballots(method, holds)

    def test_it_is_pure(self, method: Method, parameters: Mapping[str, Any]) -> None:
        """Counting again gives the same; what it does not know of does not matter."""

        def holds(ballots: Sequence[Ballot]) -> None:
            profile = Profile.of(OPTIONS, ballots)
            first = _told(method.count(profile, parameters, 1))
            assert _told(method.count(profile, {**parameters, "of_another_version": "x"}, 1)) == first

        self.try_ballots(method, holds)

    def test_merged_ballots_count_like_single_ones(self, method: Method, parameters: Mapping[str, Any]) -> None:
        """Three equal ballots are one of weight three."""

        def holds(ballots: Sequence[Ballot]) -> None:
            thrice = Profile.of(OPTIONS, [*ballots, *ballots, *ballots])
            merged = Profile.weighted(OPTIONS, [(3, ballot) for ballot in ballots])
            single = Profile(OPTIONS, tuple((1, ballot) for ballot in (*ballots, *ballots, *ballots)))
            told = _told(method.count(thrice, parameters, 1))
            assert told == _told(method.count(merged, parameters, 1)) == _told(method.count(single, parameters, 1))

        self.try_ballots(method, holds)

    def test_nobody_wins_where_nobody_voted(self, method: Method, parameters: Mapping[str, Any]) -> None:
        """An empty count has scores of 0 and no winner."""
        count = method.count(Profile.of(OPTIONS, []), parameters, 1)
        assert count.winners == ()
        assert set(count.scores.values()) == {0}

    def test_anonymity_where_claimed(self, method: Method, parameters: Mapping[str, Any]) -> None:
        """Who cast which ballot does not matter."""

        def holds(ballots: Sequence[Ballot]) -> None:
            there = Profile(OPTIONS, tuple((1, ballot) for ballot in ballots))
            back = Profile(OPTIONS, tuple((1, ballot) for ballot in reversed(ballots)))
            assert _told(method.count(there, parameters, 1)) == _told(method.count(back, parameters, 1))

        self.where_claimed("anonymity", method, holds)

    def test_neutrality_where_claimed(self, method: Method, parameters: Mapping[str, Any]) -> None:
        """No option is favoured: with names exchanged, the result is exchanged alike."""
        renamed = dict(zip(OPTIONS, OPTIONS[1:] + OPTIONS[:1], strict=True))

        def holds(ballots: Sequence[Ballot]) -> None:
            other = [Ballot({renamed[one]: score for one, score in ballot.scores.items()}) for ballot in ballots]
            before = method.count(Profile.of(OPTIONS, ballots), parameters, 1)
            after = method.count(Profile.of(OPTIONS, other), parameters, 1)
            assert {renamed[one]: score for one, score in before.scores.items()} == dict(after.scores)
            assert {renamed[one] for one in before.winners} == set(after.winners)

        self.where_claimed("neutrality", method, holds)

    def test_monotonicity_where_claimed(self, method: Method, parameters: Mapping[str, Any]) -> None:
        """More support for a winner does not make it lose."""

        def holds(ballots: Sequence[Ballot]) -> None:
            before = method.count(Profile.of(OPTIONS, ballots), parameters, 1).winners
            for winner in before[:1]:
                more = [*ballots, _all_for(method, winner)]
                assert winner in method.count(Profile.of(OPTIONS, more), parameters, 1).winners

        self.where_claimed("monotonicity", method, holds)

    def test_consistency_where_claimed(self, method: Method, parameters: Mapping[str, Any]) -> None:
        """What wins in each half wins in the whole."""

        def holds(ballots: Sequence[Ballot]) -> None:
            half = len(ballots) // 2
            wins = [
                set(method.count(Profile.of(OPTIONS, part), parameters, 1).winners)
                for part in (ballots[:half], ballots[half:], ballots)
            ]
            if wins[0] & wins[1]:
                assert wins[2] == wins[0] & wins[1]

        self.where_claimed("consistency", method, holds)

    def where_claimed(self, criterion: str, method: Method, holds: Callable[[Sequence[Ballot]], None]) -> None:
        """Try a criterion that the method claims."""
        if criterion in method.claims:
            self.try_ballots(method, holds)

    def try_ballots(self, method: Method, holds: Callable[[Sequence[Ballot]], None]) -> None:
        """Try what should hold on many sets of ballots of the method's kind."""
        QUICK(given(st.lists(ballots_of(method.ballot_kind), max_size=9))(holds))()


def _all_for(method: Method, option: int) -> Ballot:
    """The ballot that supports one option most."""
    if method.ballot_kind == "ranked":
        rest = [one for one in OPTIONS if one != option]
        return Ballot({one: len(OPTIONS) - at for at, one in enumerate([option, *rest])})
    if method.ballot_kind == "rated":
        return Ballot({one: 6 if one == option else 0 for one in OPTIONS})
    return Ballot({option: 1})


def _told(count: Count) -> tuple[Any, ...]:
    steps = [(step.name, str(step.text), dict(step.scores)) for step in count.steps]
    return count.winners, dict(count.scores), count.ties, steps
