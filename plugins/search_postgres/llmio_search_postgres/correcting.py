"""Words that were perhaps meant: those there are, close to those that were typed.

They come from all that is indexed, so a caller shows one only after a search with it found what the searcher may see, and
says of a typed word that it is known only where the searcher may see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, product
from typing import Any

from sqlalchemy import text

from llmio.plugins import Term

SHORTEST, MOST_TERMS, PER_TERM, TRIES = 4, 5, 3, 8
LIKENESS = 0.2
"""Two letters changed places share few groups of three letters; the distance below decides."""
ALIKE = text(
    "SELECT word FROM plugin_search_postgres.words WHERE word % :word AND length(word) BETWEEN :least AND :most "
    "ORDER BY similarity(word, :word) DESC, word LIMIT 60"
)
TRIGRAMS = text(
    "SELECT set_config('pg_trgm.similarity_threshold', :likeness, true) FROM pg_extension WHERE extname = 'pg_trgm'"
)


def meant(connection: Any, terms: Sequence[Term], known: Callable[[Term], bool]) -> Iterator[list[Term]]:
    """Queries that were perhaps meant, the likeliest first; a corrected word is looked for whole, one that is `known` stays."""
    wanted = [term for term in terms if not term.excluded]
    if len(wanted) > MOST_TERMS or connection.scalar(TRIGRAMS, {"likeness": str(LIKENESS)}) is None:
        return
    choices = [_choices(connection, term, known) for term in terms]
    combined = sorted(product(*choices), key=lambda chosen: sum(cost for cost, _term in chosen))
    for chosen in islice(combined, 1, TRIES + 1):  # the first is what was typed
        yield [term for _cost, term in chosen]


def _choices(connection: Any, term: Term, known: Callable[[Term], bool]) -> list[tuple[int, Term]]:
    word = term.text.lower()
    if term.excluded or term.phrase or len(word) < SHORTEST or not word.isalpha():
        return [(0, term)]
    most = 1 if len(word) < 6 else 2
    found = connection.scalars(ALIKE, {"word": word, "least": len(word) - most, "most": len(word) + most})
    near = sorted((distance(word, other), place, other) for place, other in enumerate(found) if other != word)
    kept = [(cost, replace(term, text=other, phrase=True)) for cost, _place, other in near if cost <= most]
    return [(0, term)] if not kept or known(term) else [(0, term), *kept[:PER_TERM]]


def as_typed(terms: Sequence[Term]) -> str:
    """Terms as a person would type them."""
    return " ".join(
        ("!" if term.excluded else "") + (f'"{term.text}"' if term.phrase and " " in term.text else term.text)
        for term in terms
    )


def distance(one: str, other: str) -> int:
    """Letters to add, leave out, change, or let change places with their neighbours, to make one word of the other.

    Optimal string alignment: https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance
    """
    older: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, second in enumerate(other, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != second))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == second:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        older, last = last, row
    return last[-1]
