"""Parts of the seam by themselves: the guard, failures, settings of plugins, metadata."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import metadata
from threading import Thread
from types import MappingProxyType

import pytest

from llmio.core.settings import Setting, load
from llmio.plugins.discover import Candidate, normal
from llmio.plugins.failures import Failures, describe
from llmio.plugins.guard import guard, noted
from llmio.plugins.polls import BallotError, UnknownType
from llmio.plugins.registry import Plugins

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def plugins():
    return Plugins(load([], {}, {}))


def broken(*_args):
    raise ValueError("out of order")


def test_guard_gives_what_was_returned(plugins):
    assert guard(plugins, "one", "adding", lambda a, b: a + b, 2, b=3, fallback=0) == 5
    assert plugins.failures.all() == []


def test_guard_gives_the_fallback_and_notes_the_error(plugins):
    assert guard(plugins, "one", "adding", broken, fallback=0, now=NOW) == 0
    (failure,) = plugins.failures.all("one")
    assert (failure.where, failure.error, failure.last_at) == ("adding", "ValueError: out of order", NOW)
    assert plugins.failures.all("two") == []


def test_guard_lets_the_errors_of_the_contract_through(plugins):
    def refuse():
        raise BallotError("score_1", "Too much.")

    with pytest.raises(BallotError):
        guard(plugins, "one", "check", refuse, fallback=None, passes=(BallotError,))
    assert plugins.failures.all() == []


def test_strict_guard_raises_what_it_notes(plugins):
    plugins.strict = True
    with pytest.raises(ValueError, match="out of order"):
        guard(plugins, "one", "adding", broken, fallback=0)
    assert len(plugins.failures.all()) == 1


def test_noted_lets_the_error_go_on(plugins):
    with pytest.raises(ValueError, match="out of order"), noted(plugins, "one", "a job", now=NOW):
        broken()
    assert [failure.where for failure in plugins.failures.all()] == ["a job"]


def test_guard_knows_the_owner_of_an_object(plugins):
    thing = object()
    plugins.owners = MappingProxyType({id(thing): "two"})
    guard(plugins, thing, "being", broken, fallback=None)
    assert [failure.plugin for failure in plugins.failures.all()] == ["two"]


def test_failures_are_bounded_and_the_latest_stay():
    failures = Failures(limit=3)
    for number in range(5):
        failures.add("one", f"place {number}", ValueError("x"), NOW)
    failures.add("one", "place 2", ValueError("x"), NOW)
    assert [failure.where for failure in failures.all()] == ["place 2", "place 4", "place 3"]
    assert failures.all()[0].count == 2


def test_failures_count_right_across_threads():
    failures = Failures()

    def fail():
        for _time in range(200):
            failures.add("one", "here", ValueError("x"), NOW)

    threads = [Thread(target=fail) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures.all()[0].count == 800


def test_failures_stay_where_they_cannot_be_stored():
    failures = Failures()
    failures.keep = broken
    failures.add("one", "here", ValueError("x"), NOW)
    assert len(failures.all()) == 1


@pytest.mark.parametrize(
    ("error", "text"),
    [(ValueError(), "ValueError"), (ValueError("a\n  b"), "ValueError: a b"), (KeyError("k"), "KeyError: 'k'")],
)
def test_errors_in_one_line(error, text):
    assert describe(error) == text


def test_long_errors_are_cut():
    assert len(describe(ValueError("x" * 5000))) < 600


def test_settings_of_a_plugin_are_read_from_the_same_sources():
    settings = load([Setting("site.name", "SITE_NAME", default="llmio")], {"one.a": "ini"}, {"ONE_B": "7"})
    faults = settings.declare([Setting("one.a", "ONE_A"), Setting("one.b", "ONE_B", "int"), Setting("one.c", "ONE_C")])
    assert faults == []
    assert (settings["one.a"], settings["one.b"], settings["one.c"]) == ("ini", 7, None)
    assert (settings.origins["one.a"], settings.origins["one.b"]) == ("ini", "environment")


@pytest.mark.parametrize(
    "second", [Setting("site.name", "OTHER"), Setting("one.x", "SITE_NAME"), Setting("one.x", "Y", aliases=("ALIAS",))]
)
def test_settings_declared_twice_take_none(second):
    settings = load([Setting("site.name", "SITE_NAME", aliases=("ALIAS",))], {}, {})
    with pytest.raises(ValueError, match="declared already"):
        settings.declare([Setting("one.good", "ONE_GOOD"), second])
    assert "one.good" not in settings.declared


def candidate(*requires):
    entry = metadata.EntryPoint("one", "llmio_one", "llmio.plugins")
    return Candidate("one", "llmio_one", entry, "llmio-one", "1", "", "", "", requires)


@pytest.mark.parametrize(
    ("requires", "fits"),
    [
        ("llmio", True),
        ("llmio>=0.1", True),
        ("llmio>=0.1,<0.2", True),
        ("LLMIO ~= 0.1", True),
        ("llmio>=1", False),
        ("llmio<0.1", False),
        ("llmio[embedded]>=2", False),
        ("llmio>=2 ; python_version < '3'", True),
        ("llmio-other>=9", True),
        ("llmio >> 3", True),
    ],
)
def test_versions_that_fit(requires, fits):
    assert (candidate(requires).conflict("0.1.0") == "") is fits


def test_pre_releases_count_as_their_version():
    assert candidate("llmio>=0.1,<1").conflict("0.2.0b1") == ""


def test_names_of_distributions_as_indexes_compare_them():
    assert normal("Llmio_Poll.Dots") == "llmio-poll-dots"


def test_unknown_type_refuses_every_ballot(plugins):
    found = plugins.poll_type("gone")
    assert isinstance(found, UnknownType)
    assert found.key == "gone"
