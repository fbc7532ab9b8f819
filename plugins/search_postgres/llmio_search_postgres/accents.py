"""Words that differ by accents alone, found by those there are: documents are kept as they were written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from llmio.plugins import Term
from llmio_search_postgres.queries import words_of

MOST = 24
"""Spellings of one word: a beginning of one letter has about so many."""
# A word may be longer than what it is without accents (or shorter, with a sharp s): then a letter more of it is looked for, which
# loses nothing, since every word there is answers for itself. In collation C what begins alike lies together in the index.
KNOWN = text(f"""
SELECT typed.word, CAST(plugin_search_postgres.folded(typed.word) AS text) AS plain, typed.whole, ARRAY(
  SELECT DISTINCT CASE WHEN typed.whole THEN known.word ELSE left(known.word, length(plugin_search_postgres.folded(typed.word))) END
  FROM plugin_search_postgres.accents AS known
  WHERE known.folded >= plugin_search_postgres.folded(typed.word) COLLATE "C"
    AND known.folded < (plugin_search_postgres.folded(typed.word) || CASE WHEN typed.whole THEN chr(1) ELSE chr(1114111) END) COLLATE "C"
  ORDER BY 1 LIMIT {MOST}
) AS others
FROM unnest(CAST(:words AS text[]), CAST(:wholes AS boolean[])) AS typed (word, whole)
""")


def spellings(connection: Any, terms: Sequence[Term]) -> Mapping[str, Sequence[str]]:
    """Word of the terms → how it is spelt: as asked, without accents, as words there are; left out where it is one way only.

    A word of a phrase is looked for whole, others by their beginnings.
    """
    parts = dict.fromkeys(words_of(term for term in terms if term.phrase), True)
    parts |= dict.fromkeys(words_of(term for term in terms if not term.phrase), False)
    found = {}
    for row in connection.execute(KNOWN, {"words": list(parts), "wholes": list(parts.values())}):
        others = list(dict.fromkeys([row.word, row.plain, *row.others]))
        if others != [row.word] or not row.word.isascii():
            found[row.word] = others
    return found
