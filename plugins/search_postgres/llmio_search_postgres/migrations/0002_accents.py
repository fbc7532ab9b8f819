"""Words that have accents, by what they are without: "cafe" finds "café", and the other way round."""

from __future__ import annotations

from alembic import op

revision = "search_postgres_2"
down_revision = "search_postgres_1"

# A word without its accents, in lower case (a database in locale C leaves capitals beyond A to Z in its words). `normalize` takes a
# letter apart; marks go where the letter is Latin or Greek, since elsewhere they make another letter (Cyrillic short i, Indic
# vowels). Letters that do not come apart are listed: o, l, d, h, t with strokes, i without dot, sharp s, ae, oe, thorn; Cyrillic
# yo, Greek final sigma. PostgreSQL has it all built in, so no extension is needed.
FOLDED = r"""
CREATE FUNCTION folded(word text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT replace(replace(replace(replace(translate(
    normalize(regexp_replace(normalize(lower(word COLLATE "default"), NFKD), '([a-z\u03b1-\u03c9])[\u0300-\u036f]+', '\1', 'g'), NFC),
    E'\u00f8\u0142\u0111\u00f0\u0127\u0131\u0167\u0451\u03c2', E'olddhit\u0435\u03c3'),
    E'\u00df', 'ss'), E'\u00e6', 'ae'), E'\u0153', 'oe'), E'\u00fe', 'th')
$$
"""


def upgrade() -> None:
    """Create the table, and fill it from the words that are known."""
    op.execute(FOLDED)
    op.execute(
        'CREATE TABLE accents (word text COLLATE "C" PRIMARY KEY, '
        'folded text COLLATE "C" NOT NULL GENERATED ALWAYS AS (plugin_search_postgres.folded(word)) STORED)'
    )
    op.execute("CREATE INDEX accents_folded ON accents (folded)")
    op.execute(
        "INSERT INTO accents (word) SELECT word FROM words "
        "WHERE octet_length(word) > length(word) AND folded(word) <> word ORDER BY word"
    )
