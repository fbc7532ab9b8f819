"""What the index knows of the words that are asked for: how else they are spelt, and which words there begin with them.

Documents are kept as they were written, so words that differ by accents alone are found by those there are. And a beginning of
a word ("loom:*") makes PostgreSQL gather all entries of all words that begin so before it looks at the other words of a query; words
as they stand in the index ("loom" | "looms") are looked up ten times as fast, since what cannot match is skipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmio.plugins import Term
from llmio_search_postgres.queries import Spellings, statement, words_of

MOST = 24
"""Spellings of one word: a beginning of one letter has about so many."""
FEW = 12
"""Of so many words that begin with what was typed each is looked up; of more it is the beginning."""
# A plan made for any words and any groups serves none of them.
BEGIN = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
  (SELECT greatest(reltuples, 1) FROM pg_class WHERE oid = 'public.pg_search_documents'::regclass) AS size
"""
# All words of all documents are known where that is noted (the empty word), and where nobody else has added documents since.
# A word may be longer than what it is without accents (or shorter, with a sharp s): then a letter more of it is looked for, which
# loses nothing, since every word there answers for itself. In collation C what begins alike lies together in the index.
KNOWN = f"""
WITH begun AS MATERIALIZED ({BEGIN},
  (SELECT array_agg(configuration ORDER BY configuration) FROM plugin_search_postgres.languages) AS configurations,
  (SELECT EXISTS (SELECT FROM plugin_search_postgres.lexemes WHERE word = '')
    AND coalesce((SELECT max(id) FROM public.pg_search_documents), 0)
      <= coalesce((SELECT max(document_id) FROM plugin_search_postgres.documents), 0)) AS complete
)
SELECT begun.size, begun.configurations, typed.*, spelt.plain, spelt.others, there.whole_words, there.beginning
FROM begun LEFT JOIN unnest(CAST(:written AS text[]), CAST(:words AS text[]), CAST(:wholes AS boolean[]))
  AS typed (written, word, whole) ON true
LEFT JOIN LATERAL (SELECT CAST(plugin_search_postgres.folded(typed.word) AS text) AS plain, ARRAY(
  SELECT DISTINCT CASE WHEN typed.whole THEN known.word ELSE left(known.word, length(plugin_search_postgres.folded(typed.word))) END
  FROM plugin_search_postgres.accents AS known
  WHERE known.folded >= plugin_search_postgres.folded(typed.word) COLLATE "C"
    AND known.folded < (plugin_search_postgres.folded(typed.word) || CASE WHEN typed.whole THEN chr(1) ELSE chr(1114111) END) COLLATE "C"
  ORDER BY 1 LIMIT {MOST}
) AS others) AS spelt ON true
LEFT JOIN LATERAL (SELECT
  ARRAY(SELECT DISTINCT known.word FROM unnest(ARRAY[typed.written, typed.word, spelt.plain] || spelt.others) AS start (word)
    JOIN plugin_search_postgres.lexemes AS known ON known.word = start.word COLLATE "C" ORDER BY 1) AS whole_words,
  ARRAY(SELECT DISTINCT found.word FROM unnest(ARRAY[typed.written, typed.word, spelt.plain] || spelt.others) AS start (word)
    CROSS JOIN LATERAL (
      SELECT known.word FROM plugin_search_postgres.lexemes AS known
      WHERE known.word >= start.word COLLATE "C" AND known.word < (start.word || chr(1114111)) COLLATE "C"
      ORDER BY known.word LIMIT {FEW + 1}
    ) AS found ORDER BY 1 LIMIT {FEW + 1}) AS beginning
) AS there ON begun.complete AND NOT typed.whole
"""


@dataclass(frozen=True)
class Lexicon:
    """What there is, as far as it concerns a query."""

    size: float
    """How many documents, about."""
    configurations: Sequence[str] = ()
    """Of the languages that documents are in."""
    spellings: Spellings = field(default_factory=dict)
    """Word → how it is spelt: as asked, without accents, as words there are; left out where it is one way only."""
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Word as it was typed → all words there that begin with it; left out where they are many, or not all known."""
    whole: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Word as it was typed → the words there that are itself, spelt in whichever way."""


def look_up(connection: Any, terms: Sequence[Term], *, beside: bool) -> Lexicon:
    """What is known of the words of these terms; one of a phrase is looked for whole, others by their beginnings."""
    if not beside:
        return Lexicon(float(connection.execute(statement(BEGIN)).one().size))
    wholes = dict.fromkeys(words_of(term for term in terms if term.phrase), True)
    wholes |= dict.fromkeys(words_of(term for term in terms if not term.phrase), False)
    asked = {"written": list(wholes), "words": [one.lower() for one in wholes], "wholes": list(wholes.values())}
    rows = connection.execute(statement(KNOWN), asked).all()
    spelt: dict[str, Sequence[str]] = {}
    words, whole = {}, {}
    for row in rows:
        if row.word is None:
            continue
        others = list(dict.fromkeys([row.word, row.plain, *row.others]))
        if others != [row.word] or not row.word.isascii():
            spelt[row.word] = others
        if row.beginning is not None and len(row.beginning) <= FEW:
            words[row.written] = row.beginning
        if row.whole_words:
            whole[row.written] = row.whole_words
    return Lexicon(float(rows[0].size), rows[0].configurations or (), spelt, words, whole)
