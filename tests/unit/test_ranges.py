"""Ranges of sequence ids obey the laws of sets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmio.discussions import ranges

IDS = st.sets(st.integers(1, 40))


def members(found: ranges.Ranges) -> set[int]:
    return {one for first, last in found for one in range(first, last + 1)}


@given(IDS)
def test_text_and_back(ids: set[int]) -> None:
    made = ranges.of(ids)
    assert ranges.parse(ranges.serialize(made)) == made
    assert members(made) == ids
    assert ranges.length(made) == len(ids)


@given(IDS, IDS)
def test_laws_of_sets(one: set[int], other: set[int]) -> None:
    first, second = ranges.of(one), ranges.of(other)
    assert members(ranges.union(first, second)) == one | other
    assert members(ranges.intersect(first, second)) == one & other
    assert members(ranges.subtract(first, second)) == one - other


@given(IDS, IDS)
def test_ranges_are_sorted_and_never_touch(one: set[int], other: set[int]) -> None:
    for made in (ranges.union(ranges.of(one), ranges.of(other)), ranges.subtract(ranges.of(one), ranges.of(other))):
        assert all(first <= last for first, last in made)
        assert all(left[1] + 1 < right[0] for left, right in pairwise(made))


@given(st.text(alphabet="0123456789-, x", max_size=40))
def test_any_text_is_read_without_error(text: str) -> None:
    assert ranges.parse(ranges.serialize(ranges.parse(text))) == ranges.parse(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [("1-5,7-9", ((1, 5), (7, 9))), ("3", ((3, 3),)), ("", ()), (None, ()), ("5-1", ()), ("a-b,2-2", ((2, 2),)), ("1-3,4-4", ((1, 4),))],
)  # fmt: skip
def test_what_a_text_says(text: str | None, found: ranges.Ranges) -> None:
    assert ranges.parse(text) == found


def test_unread_is_what_exists_and_was_not_read() -> None:
    assert ranges.unread("1-5,7-9", "2-3,9-12") == ((1, 1), (4, 5), (7, 8))


def test_contains() -> None:
    assert ranges.contains(((1, 3), (5, 5)), 5)
    assert not ranges.contains(((1, 3), (5, 5)), 4)
