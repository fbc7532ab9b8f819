"""Sets of sequence ids as the rows keep them: `1-5,7-9`. Pure functions over sorted, disjoint ranges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Range = tuple[int, int]
Ranges = tuple[Range, ...]

LONGEST = 20_000
"""Characters that are read of a text from outside."""


def parse(text: str | None) -> Ranges:
    """What a text says; parts that say nothing are left out."""
    found = []
    for part in (text or "")[:LONGEST].split(","):
        first, dash, last = part.strip().partition("-")
        if first.isdecimal() and (not dash or last.isdecimal()) and len(first) < 10 and len(last) < 10:
            found.append((int(first), int(last) if dash else int(first)))
    return reduce(found)


def serialize(ranges: Iterable[Range]) -> str:
    """The text of ranges."""
    return ",".join(f"{first}-{last}" for first, last in ranges)


def reduce(ranges: Iterable[Range]) -> Ranges:
    """Sorted, joined where they touch, without empty ones."""
    done: list[Range] = []
    for first, last in sorted(pair for pair in ranges if pair[0] <= pair[1]):
        if done and first <= done[-1][1] + 1:
            done[-1] = (done[-1][0], max(done[-1][1], last))
        else:
            done.append((first, last))
    return tuple(done)


def of(ids: Iterable[int]) -> Ranges:
    """The ranges that hold exactly these ids."""
    return reduce((one, one) for one in ids)


def union(one: Iterable[Range], other: Iterable[Range]) -> Ranges:
    """What is in either."""
    return reduce([*one, *other])


def intersect(one: Sequence[Range], other: Sequence[Range]) -> Ranges:
    """What is in both."""
    done, at = [], 0
    for first, last in one:
        while at < len(other) and other[at][1] < first:
            at += 1
        here = at
        while here < len(other) and other[here][0] <= last:
            done.append((max(first, other[here][0]), min(last, other[here][1])))
            here += 1
    return reduce(done)


def subtract(one: Sequence[Range], other: Sequence[Range]) -> Ranges:
    """What is in the first and not in the second."""
    done: list[Range] = []
    for first, last in one:
        at = first
        for low, high in other:
            if high < at or low > last:
                continue
            if low > at:
                done.append((at, low - 1))
            at = max(at, high + 1)
        if at <= last:
            done.append((at, last))
    return reduce(done)


def length(ranges: Iterable[Range]) -> int:
    """How many ids."""
    return sum(last - first + 1 for first, last in ranges)


def contains(ranges: Iterable[Range], one: int) -> bool:
    """Whether an id is among them."""
    return any(first <= one <= last for first, last in ranges)


def unread(existing: str | None, read: str | None) -> Ranges:
    """What of a thread's items was not read."""
    return subtract(parse(existing), parse(read))
