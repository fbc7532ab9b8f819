"""Rows of the index: those the reference has, and those beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC
from typing import Any
from unicodedata import normalize

from sqlalchemy import text

from llmio.plugins import Document
from llmio_search_postgres.queries import APART, configuration, parts_of, set_apart

START, STOP = "\ue000", "\ue001"
"""Private characters around the words found; texts are cleared of them."""
_TAG = re.compile(r"<[^>]+>")
_UNWANTED = str.maketrans(dict.fromkeys((START, STOP, "\0")))

# A word is learnt from four letters on: shorter ones are too alike for anybody to say which was meant.
GIVEN = """
WITH given AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given (
    content text, title text, body text, author text, parts text, configuration text, type text, id bigint, author_id bigint,
    group_id bigint, discussion_id bigint, poll_id bigint, authored_at timestamp)
)
"""
INSERT = """
  INSERT INTO public.pg_search_documents (content, ts_content, author_id, group_id, discussion_id, poll_id,
    searchable_type, searchable_id, authored_at, created_at, updated_at)
  SELECT content, to_tsvector('simple', content), author_id, group_id, discussion_id, poll_id, type, id, authored_at,
    now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC' FROM given ORDER BY authored_at, id
"""
WRITE_ALONE = text(GIVEN + INSERT)
WRITE = text(f"""
{GIVEN}, made AS ({INSERT}
  RETURNING id, searchable_type, searchable_id, ts_content
), beside AS (
  INSERT INTO plugin_search_postgres.documents (document_id, configuration, title, body, stems)
  SELECT made.id, given.configuration, given.title, given.body,
    to_tsvector(CAST(given.configuration AS regconfig), concat_ws(' ', given.title, given.body, given.author, given.parts))
  FROM made JOIN given ON given.type = made.searchable_type AND given.id = made.searchable_id
), indexed AS (
  INSERT INTO plugin_search_postgres.lexemes (word)
  SELECT DISTINCT lexeme FROM made, unnest(made.ts_content) AS found (lexeme)
  WHERE NOT EXISTS (SELECT FROM plugin_search_postgres.lexemes AS known WHERE known.word = lexeme)
  ORDER BY lexeme ON CONFLICT DO NOTHING
), spoken AS (
  INSERT INTO plugin_search_postgres.languages (configuration)
  SELECT DISTINCT configuration FROM given
  WHERE configuration NOT IN (SELECT configuration FROM plugin_search_postgres.languages)
  ORDER BY 1 ON CONFLICT DO NOTHING
), found AS MATERIALIZED (
  SELECT DISTINCT lexeme FROM given,
    unnest(to_tsvector('simple', concat_ws(' ', given.title, given.body, given.author))) AS found (lexeme)
  WHERE length(lexeme) BETWEEN 2 AND 40 AND lexeme ~ '^[[:alpha:]]+$'
), accented AS (
  INSERT INTO plugin_search_postgres.accents (word)
  SELECT lexeme FROM found
  WHERE octet_length(lexeme) > length(lexeme) AND plugin_search_postgres.folded(lexeme) <> lexeme
    AND NOT EXISTS (SELECT FROM plugin_search_postgres.accents AS known WHERE known.word = lexeme)
  ORDER BY lexeme ON CONFLICT DO NOTHING
)
INSERT INTO plugin_search_postgres.words (word)
SELECT lexeme FROM found
WHERE length(lexeme) >= 4
  AND NOT EXISTS (SELECT FROM plugin_search_postgres.words AS known WHERE known.word = lexeme)
ORDER BY lexeme ON CONFLICT DO NOTHING
""")
REMOVE = text("""
WITH gone AS (
  DELETE FROM public.pg_search_documents WHERE searchable_type = :type AND searchable_id = ANY(:ids) RETURNING id
)
DELETE FROM plugin_search_postgres.documents USING gone WHERE document_id = gone.id
""")
REMOVE_ALONE = text(
    "DELETE FROM public.pg_search_documents WHERE searchable_type = :type AND searchable_id = ANY(:ids)"
)
IDS = text(
    "SELECT DISTINCT searchable_id FROM public.pg_search_documents WHERE searchable_type = :type AND searchable_id > :after "
    "ORDER BY searchable_id LIMIT :limit"
)
ORPHANS = (
    "DELETE FROM plugin_search_postgres.documents AS beside WHERE NOT EXISTS "
    "(SELECT FROM public.pg_search_documents AS document WHERE document.id = beside.document_id)"
)
# All words there are, found in all documents: also in those that were written by others, or before words were kept. Whoever
# writes meanwhile adds theirs. None is ever taken out: a document with it may be on its way.
LEXEMES = (
    "INSERT INTO plugin_search_postgres.lexemes (word) "
    "SELECT word FROM ts_stat('SELECT ts_content FROM public.pg_search_documents') AS found "
    "WHERE NOT EXISTS (SELECT FROM plugin_search_postgres.lexemes AS known WHERE known.word = found.word) "
    "ORDER BY word ON CONFLICT DO NOTHING"
)
COMPLETE = "INSERT INTO plugin_search_postgres.lexemes (word) VALUES ('') ON CONFLICT DO NOTHING"
TIDY = (
    ORPHANS,
    LEXEMES,
    COMPLETE,
    "ANALYZE public.pg_search_documents",
    "ANALYZE plugin_search_postgres.documents",
    "ANALYZE plugin_search_postgres.words",
    "ANALYZE plugin_search_postgres.accents",
    "ANALYZE plugin_search_postgres.lexemes",
    # Rows just written wait in lists that every search would read through.
    "SELECT gin_clean_pending_list('public.pg_search_documents_searchable_index'::regclass)",
    "SELECT gin_clean_pending_list('plugin_search_postgres.documents_stems'::regclass)",
)


def row_text(document: Document) -> str:
    """The text of a row as the reference builds it: what was written, joined by blanks, what looks like a tag taken out."""
    parts = document.written or [part for part in (document.title, document.body, document.author_name) if part]
    return _clean(_TAG.sub("", " ".join(parts)))


def _clean(written: str) -> str:
    """A letter and its accent as one sign: PostgreSQL takes a mark by itself for the end of a word."""
    return normalize("NFC", written).translate(_UNWANTED)


def _apart(written: str) -> str:
    return set_apart(_clean(written).replace(APART, " "))


def _row(document: Document) -> dict[str, Any]:
    moment = document.created_at
    return {
        "content": row_text(document),
        "title": _apart(document.title),
        "body": _apart(document.body),
        "author": _apart(document.author_name),
        "parts": " ".join(parts_of(_clean(f"{document.title} {document.body}"))),
        "configuration": configuration(document.language),
        "type": document.record_type,
        "id": document.record_id,
        "author_id": document.author_id,
        "group_id": document.group_id,
        "discussion_id": document.discussion_id,
        "poll_id": document.poll_id,
        "authored_at": moment.astimezone(UTC).replace(tzinfo=None).isoformat() if moment else None,
    }


_known: set[Any] = set()


def has_tables(connection: Any) -> bool:
    """Whether the plugin's own tables are there; without them search goes on as the reference has it."""
    database = connection.engine.url
    if database not in _known:
        if connection.scalar(text("SELECT to_regclass('plugin_search_postgres.lexemes')")) is None:
            return False
        _known.add(database)
    return True


def write(connection: Any, documents: Sequence[Document]) -> None:
    """Write rows in place of those that are there; of two for one record the last counts."""
    made = {(one.record_type, one.record_id): _row(one) for one in documents}
    for kind in sorted({kind for kind, _id in made}):
        remove(connection, kind, [record_id for each, record_id in made if each == kind])
    if made:
        connection.execute(WRITE if has_tables(connection) else WRITE_ALONE, {"rows": json.dumps(list(made.values()))})


def remove(connection: Any, record_type: str, ids: Sequence[int]) -> None:
    """Delete rows."""
    if ids:
        connection.execute(REMOVE if has_tables(connection) else REMOVE_ALONE, {"type": record_type, "ids": list(ids)})


def ids(connection: Any, record_type: str, after: int, limit: int) -> list[int]:
    """Records that have rows."""
    return list(connection.scalars(IDS, {"type": record_type, "after": after, "limit": limit}))


def count(connection: Any) -> int:
    """How many rows there are."""
    return int(connection.scalar(text("SELECT count(*) FROM public.pg_search_documents")) or 0)


def clear(connection: Any) -> None:
    """Delete all rows."""
    connection.execute(text("DELETE FROM public.pg_search_documents"))
    if has_tables(connection):
        for table in ("documents", "words", "accents", "lexemes", "languages"):
            connection.execute(text(f"DELETE FROM plugin_search_postgres.{table}"))
        connection.execute(text(COMPLETE))


def tidy(connection: Any) -> None:
    """Drop what belongs to rows that others deleted, and let the planner know what there is."""
    if not has_tables(connection):
        return
    trigrams = connection.scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'"))
    there = connection.scalar(text("SELECT to_regclass('plugin_search_postgres.words_trigrams')"))
    if trigrams and there is None:  # the extension came later than the table
        connection.execute(
            text("CREATE INDEX words_trigrams ON plugin_search_postgres.words USING gin (word gin_trgm_ops)")
        )
    for statement in TIDY:
        connection.execute(text(statement))
