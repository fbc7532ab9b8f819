"""A million documents, quickly: comments in threads of groups, with words as unevenly spread as in any language."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from llmio_search_postgres.rows import COMPLETE, LEXEMES
from sqlalchemy import text

WORDS = 50_000
LENGTH = 30
PEOPLE = 500
GROUPS = 200
THREADS = 20_000
SYLLABLES = [a + b for a in "bcdfghjklmnprstvwz" for b in ("a", "e", "i", "o", "u", "an", "er", "in", "or", "el")]

STATEMENTS = (
    """
    INSERT INTO users (name, email, username, avatar_initials, created_at, updated_at)
    SELECT 'X' || n || 'a X' || n || 'b', 'bench-u-' || n || '@example.org', 'bench-u-' || n, 'XX', now(), now()
    FROM generate_series(1, :people) AS n
    """,
    """
    INSERT INTO groups (name, full_name, key, created_at, updated_at, is_visible_to_public)
    SELECT 'Group ' || n, 'Group ' || n, 'bench-g-' || n, now(), now(), false FROM generate_series(1, :groups) AS n
    """,
    """
    INSERT INTO memberships (group_id, user_id, accepted_at, created_at, updated_at, volume)
    SELECT id, :user_id, now(), now(), now(), 2 FROM groups WHERE key LIKE 'bench-g-%'
    """,
    """
    INSERT INTO discussions (group_id, author_id, title, description, key, private, created_at, updated_at, last_activity_at)
    SELECT (SELECT min(id) FROM groups WHERE key LIKE 'bench-g-%') + n % :groups, :user_id, 'Thread ' || n, '',
      'bench-d-' || n, true, now(), now(), now() FROM generate_series(1, :threads) AS n
    """,
    """
    INSERT INTO comments (discussion_id, user_id, body, body_format, parent_id, parent_type, created_at, updated_at)
    SELECT thread, (SELECT min(id) FROM users WHERE username LIKE 'bench-u-%') + n % :people, body, 'md', thread, 'Discussion', at, at FROM (
      SELECT n, body, (SELECT min(id) FROM discussions WHERE key LIKE 'bench-d-%') + (CAST(n AS bigint) * 7919) % :threads AS thread,
        now() AT TIME ZONE 'UTC' - (:documents - n) * interval '2 minutes' AS at
      FROM said
    ) AS place ORDER BY n
    """,
    "DROP INDEX pg_search_documents_searchable_index",
    "DROP INDEX plugin_search_postgres.documents_stems",
    """
    INSERT INTO pg_search_documents (content, ts_content, author_id, group_id, discussion_id, searchable_type, searchable_id,
      authored_at, created_at, updated_at)
    SELECT content, to_tsvector('simple', content), user_id, group_id, discussion_id, 'Comment', id, created_at, now(), now()
    FROM (SELECT comments.*, discussions.group_id, body || ' ' || users.name AS content FROM comments
      JOIN discussions ON discussions.id = discussion_id JOIN users ON users.id = user_id ORDER BY comments.id) AS found
    """,
    """
    INSERT INTO plugin_search_postgres.documents (document_id, configuration, title, body, stems)
    SELECT id, 'english', '', content, to_tsvector('english', content) FROM pg_search_documents
    """,
    "INSERT INTO plugin_search_postgres.languages VALUES ('english') ON CONFLICT DO NOTHING",
    """
    INSERT INTO plugin_search_postgres.words SELECT DISTINCT word FROM unnest(CAST(:words AS text[])) AS word
    WHERE length(word) > 3 ON CONFLICT DO NOTHING
    """,
    LEXEMES,
    COMPLETE,
    "SET maintenance_work_mem = '512MB'",
    "CREATE INDEX pg_search_documents_searchable_index ON pg_search_documents USING gin (ts_content)",
    "CREATE INDEX documents_stems ON plugin_search_postgres.documents USING gin (stems)",
    "RESET maintenance_work_mem",
    "VACUUM ANALYZE",
)


def vocabulary(seed: int = 7) -> list[str]:
    """Words that can be spoken, each once, the frequent ones shorter."""
    chance = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < WORDS:
        syllables = 1 + min(4, int(len(made) ** 0.18) + chance.randint(0, 1))
        made["".join(chance.choice(SYLLABLES) for _ in range(syllables))] = None
    return list(made)


def texts(words: list[str], documents: int, seed: int = 7) -> Iterator[tuple[int, str]]:
    """Number and text of each; the n-th word of the vocabulary is n times rarer than the first (Zipf)."""
    chance = random.Random(seed)
    shares = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    for number in range(1, documents + 1):
        yield number, " ".join(chance.choices(words, cum_weights=shares, k=LENGTH))


def fill(app: Any, user_id: int, documents: int) -> list[str]:
    """Write them, as `llmio search reindex` would have indexed them; the vocabulary, the most frequent first."""
    words = vocabulary()
    values = {
        "words": words,
        "people": PEOPLE,
        "groups": GROUPS,
        "threads": THREADS,
        "documents": documents,
        "user_id": user_id,
    }
    with app.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE TEMPORARY TABLE said (n int, body text)"))
        with connection.connection.cursor() as cursor, cursor.copy("COPY said (n, body) FROM STDIN") as copy:
            for row in texts(words, documents):
                copy.write_row(row)
        for statement in STATEMENTS:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), used)
    return words
