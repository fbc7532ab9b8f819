"""The totals of polls: as published, and as the votes say; and a digest of all results of closed polls."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

TOTALS = """
CREATE TEMP TABLE IF NOT EXISTS adoption_totals (poll_id integer, score bigint, votes bigint, same boolean);
TRUNCATE adoption_totals;
INSERT INTO adoption_totals
SELECT p.id, coalesce(v.score, 0), coalesce(w.votes, 0), coalesce(p.published = coalesce(v.score, 0), true)
FROM (SELECT p.id, (SELECT sum(o.total_score) FROM public.poll_options o WHERE o.poll_id = p.id) AS published
      FROM public.polls p) p
LEFT JOIN (SELECT o.poll_id, sum(c.score) AS score FROM public.stance_choices c
           JOIN public.poll_options o ON o.id = c.poll_option_id
           JOIN public.stances s ON s.id = c.stance_id AND s.latest AND s.revoked_at IS NULL AND s.poll_id = o.poll_id
           GROUP BY 1) v ON v.poll_id = p.id
LEFT JOIN (SELECT poll_id, count(*) AS votes FROM public.stances
           WHERE latest AND revoked_at IS NULL AND cast_at IS NOT NULL GROUP BY 1) w ON w.poll_id = p.id
"""
READ = """
SELECT a.poll_id, p.key, p.title, p.closed_at IS NOT NULL, a.score, a.votes,
       coalesce((SELECT sum(total_score) FROM public.poll_options o WHERE o.poll_id = a.poll_id), 0)
FROM adoption_totals a JOIN public.polls p ON p.id = a.poll_id ORDER BY a.poll_id
"""
RESULTS = """
SELECT p.id, p.closed_at, concat_ws('|', p.key, p.poll_type, p.anonymous, p.closed_at, p.voters_count, p.undecided_voters_count,
                       p.none_of_the_above_count, p.stance_counts, o.options, s.votes)
FROM public.polls p
LEFT JOIN (SELECT poll_id, md5(string_agg(concat_ws(':', id, name, priority, total_score, voter_count, voter_scores), ';'
                               ORDER BY id)) AS options FROM public.poll_options GROUP BY 1) o ON o.poll_id = p.id
LEFT JOIN (SELECT poll_id, md5(string_agg(concat_ws(':', id, latest, cast_at, revoked_at, option_scores,
                               none_of_the_above), ';' ORDER BY id)) AS votes
           FROM public.stances GROUP BY 1) s ON s.poll_id = p.id
WHERE p.closed_at IS NOT NULL ORDER BY p.id
"""


@dataclass(frozen=True)
class Total:
    """A poll: the sum of scores and the number of votes cast, and the sum that was published."""

    id: int
    key: str | None
    title: str
    closed: bool
    score: int
    votes: int
    published: int


def count(connection: Connection[Any]) -> list[Total]:
    """Count all polls from their votes; leaves the temporary table `adoption_totals` for rules to look into."""
    connection.execute(TOTALS.encode())
    return [Total(*row) for row in connection.execute(READ.encode())]


def results(connection: Connection[Any]) -> Iterator[tuple[tuple[int, str], str]]:
    """Each closed poll (id, moment of its closing) with a digest (SHA-256) of all that makes up its result and votes."""
    with connection.cursor(name="llmio_results") as cursor:
        cursor.itersize = 1000
        for poll_id, closed_at, result in cursor.execute(RESULTS.encode()):
            yield (poll_id, str(closed_at)), hashlib.sha256(result.encode()).hexdigest()


def digests(connection: Connection[Any]) -> tuple[int, str]:
    """How many polls are closed, and one digest of all their results."""
    whole, number = hashlib.sha256(), 0
    for poll, digest in results(connection):
        number += 1
        whole.update(f"{poll}={digest}\n".encode())
    return number, whole.hexdigest()


def rows(connection: Connection[Any]) -> dict[str, int]:
    """The number of rows of each table outside PostgreSQL's own schemas."""
    names = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND (n.nspname IN ('public', 'llmio') OR n.nspname LIKE 'plugin\\_%') ORDER BY 1, 2"
    ).fetchall()
    found: dict[str, int] = {}
    for schema, table in names:
        row = connection.execute(f'SELECT count(*) FROM "{schema}"."{table}"'.encode()).fetchone()
        found[f"{schema}.{table}"] = int(row[0]) if row else 0
    return found
