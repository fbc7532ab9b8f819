"""Finding: exact words and their beginnings first, then other forms of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from sqlalchemy import text

from llmio.plugins import Filters, Hit, Page, Term, Visible
from llmio_search_postgres.queries import tsquery
from llmio_search_postgres.rows import START, STOP

CANDIDATES = 1000
"""So many of the newest that match are ranked: to rank a million takes seconds, and nobody turns fifty pages."""
COLUMNS = "document.id, document.searchable_type, document.searchable_id, document.authored_at"
EXACT = "document.ts_content @@ to_tsquery('simple', :query)"
# One query in every language that documents are in: a stem of one language is seldom a word of another.
STEMMED = (
    "(SELECT string_agg(CAST(to_tsquery(CAST(configuration AS regconfig), :query) AS text), ' | ') "
    "FROM plugin_search_postgres.languages WHERE numnode(to_tsquery(CAST(configuration AS regconfig), :query)) > 0)"
)
BESIDE = "JOIN plugin_search_postgres.documents AS beside ON beside.document_id = document.id"
BEST = f"""
WITH recent AS MATERIALIZED (
  SELECT {COLUMNS}, document.ts_content FROM public.pg_search_documents AS document
  WHERE {EXACT} AND {{conditions}} ORDER BY document.authored_at DESC NULLS LAST LIMIT :candidates
)
SELECT id, searchable_type, searchable_id, authored_at, ts_rank(ts_content, to_tsquery('simple', :query)) AS rank,
  count(*) OVER () AS total
FROM recent ORDER BY rank DESC, authored_at DESC NULLS LAST, id DESC LIMIT :limit OFFSET :offset
"""
STEMS = f"""
WITH asked AS MATERIALIZED (SELECT CAST({STEMMED} AS tsquery) AS stemmed), recent AS MATERIALIZED (
  SELECT {COLUMNS}, ts_rank(beside.stems, asked.stemmed) AS rank
  FROM asked CROSS JOIN public.pg_search_documents AS document {BESIDE}
  WHERE beside.stems @@ asked.stemmed AND NOT {EXACT} AND {{conditions}}
  ORDER BY document.authored_at DESC NULLS LAST LIMIT :candidates
)
SELECT id, searchable_type, searchable_id, authored_at, rank FROM recent
ORDER BY rank DESC, authored_at DESC NULLS LAST, id DESC LIMIT :limit OFFSET :offset
"""
BY_TIME = f"""
WITH asked AS MATERIALIZED (SELECT CAST({STEMMED} AS tsquery) AS stemmed), exact AS MATERIALIZED (
  SELECT {COLUMNS} FROM public.pg_search_documents AS document
  WHERE {EXACT} AND {{conditions}} ORDER BY {{order}} LIMIT :reach
), stemmed AS MATERIALIZED (
  SELECT {COLUMNS} FROM asked CROSS JOIN public.pg_search_documents AS document {BESIDE}
  WHERE beside.stems @@ asked.stemmed AND NOT {EXACT} AND {{conditions}} ORDER BY {{order}} LIMIT :reach
)
SELECT id, searchable_type, searchable_id, authored_at, 0.0 AS rank
FROM (SELECT * FROM exact UNION ALL SELECT * FROM stemmed) AS document ORDER BY {{order}} LIMIT :limit OFFSET :offset
"""
ORDERS = {
    "newest": "document.authored_at DESC NULLS LAST, document.id DESC",
    "oldest": "document.authored_at ASC NULLS LAST, document.id ASC",
}
# Only the rows of the page are quoted: ts_headline reads the whole text of each.
QUOTED = """
SELECT document.id, ts_headline(chosen.configuration, coalesce(beside.body, document.content), asked,
    CASE WHEN length(coalesce(beside.body, document.content)) <= :short THEN :whole ELSE :body END) AS body,
  ts_headline(chosen.configuration, coalesce(beside.title, ''), asked, :whole) AS title
FROM public.pg_search_documents AS document LEFT JOIN plugin_search_postgres.documents AS beside
  ON beside.document_id = document.id
CROSS JOIN LATERAL (
  SELECT CASE WHEN document.ts_content @@ to_tsquery('simple', :query) THEN CAST('simple' AS regconfig)
  ELSE CAST(beside.configuration AS regconfig) END AS configuration
) AS chosen CROSS JOIN LATERAL (SELECT to_tsquery(chosen.configuration, :query) AS asked) AS meant
WHERE document.id = ANY(:ids)
"""
TAGGED = (
    "(document.discussion_id IN (SELECT id FROM public.discussions WHERE tags @> CAST(ARRAY[:tag] AS varchar[])) "
    "OR document.poll_id IN (SELECT id FROM public.polls WHERE tags @> CAST(ARRAY[:tag] AS varchar[])))"
)
MARKS = f'StartSel="{START}", StopSel="{STOP}"'
BODY = f'{MARKS}, MaxFragments=2, MaxWords=30, MinWords=12, FragmentDelimiter=" … "'
SHORT = 240
"""A text up to so long is quoted as a whole."""
WHOLE = f"{MARKS}, HighlightAll=true"


class Search:
    """One search: whom for and within what; asked for pages."""

    def __init__(self, connection: Any, filters: Filters, visible_to: Visible, *, limit: int) -> None:
        self.connection = connection
        self.limit = limit
        self.order = ORDERS.get(filters.order)
        conditions, self.values = _conditions(filters, visible_to)
        self.conditions = " AND ".join(conditions)

    def page(self, terms: Sequence[Term], offset: int) -> Page:
        """What answers to the terms, from `offset` on."""
        query = tsquery(terms)
        rows = self._by_time(query, offset) if self.order else self._best(query, offset)
        more, shown = len(rows) > self.limit, rows[: self.limit]
        return Page(self._hits(query, shown), offset, more)

    def _rows(self, statement: str, **values: Any) -> list[Any]:
        filled = text(statement.format(conditions=self.conditions, order=self.order))
        return list(self.connection.execute(filled, {**self.values, **values}))

    def _best(self, query: str, offset: int) -> list[Any]:
        """By rank; where exact words are at an end, other forms of them follow."""
        wanted = self.limit + 1
        rows = self._rows(BEST, query=query, candidates=CANDIDATES, limit=wanted, offset=offset)
        if len(rows) == wanted or (rows and rows[0].total == CANDIDATES):
            return rows
        # Behind the last page the statement says nothing of how many there were.
        total = rows[0].total if rows else self._total(query) if offset else 0
        if total >= CANDIDATES:
            return rows
        rest = {"limit": wanted - len(rows), "offset": max(0, offset - total)}
        return rows + self._rows(STEMS, query=query, candidates=CANDIDATES, **rest)

    def _total(self, query: str) -> int:
        rows = self._rows(BEST, query=query, candidates=CANDIDATES, limit=1, offset=0)
        return rows[0].total if rows else 0

    def _by_time(self, query: str, offset: int) -> list[Any]:
        wanted = self.limit + 1
        return self._rows(BY_TIME, query=query, reach=offset + wanted, limit=wanted, offset=offset)

    def _hits(self, query: str, rows: Sequence[Any]) -> list[Hit]:
        if not rows:
            return []
        values = {"query": query, "ids": [row.id for row in rows], "body": BODY, "whole": WHOLE, "short": SHORT}
        quoted = {row.id: row for row in self.connection.execute(text(QUOTED), values)}
        return [
            Hit(
                row.searchable_type,
                row.searchable_id,
                _marked(quoted[row.id].title),
                _marked(quoted[row.id].body),
                float(row.rank),
            )
            for row in rows
        ]


def _marked(headline: str | None) -> str:
    return escape(headline or "").replace(START, "<mark>").replace(STOP, "</mark>")


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _conditions(filters: Filters, visible_to: Visible) -> tuple[list[str], dict[str, Any]]:
    conditions, values = _visible(visible_to)
    chosen: dict[str, tuple[str, Any]] = {
        "types": ("document.searchable_type = ANY(:types)", list(filters.types)),
        "only_groups": ("document.group_id = ANY(:only_groups)", list(filters.group_ids)),
        "author": ("document.author_id = :author", filters.author_id),
        "since": ("document.authored_at >= :since", _utc(filters.since) if filters.since else None),
        "until": ("document.authored_at < :until", _utc(filters.until) if filters.until else None),
        "tag": (
            TAGGED,
            filters.tag,
        ),
    }
    for name, (condition, value) in chosen.items():
        if value not in (None, [], ""):
            conditions.append(condition)
            values[name] = value
    if filters.direct:
        conditions.append("document.group_id IS NULL")
    return conditions, values


def _visible(visible_to: Visible) -> tuple[list[str], dict[str, Any]]:
    arms = {
        "groups": ("document.group_id = ANY(:groups)", visible_to.group_ids),
        "discussions": ("document.discussion_id = ANY(:discussions)", visible_to.discussion_ids),
        "polls": ("document.poll_id = ANY(:polls)", visible_to.poll_ids),
        "thread_groups": (
            "(document.group_id = ANY(:thread_groups) AND document.searchable_type IN ('Discussion', 'Comment'))",
            visible_to.thread_group_ids,
        ),
    }
    open_arms = {name: arm for name, arm in arms.items() if arm[1]}
    values: dict[str, Any] = {name: list(ids) for name, (_arm, ids) in open_arms.items()}
    conditions = [f"({' OR '.join(arm for arm, _ids in open_arms.values()) or 'false'})"]
    if visible_to.hidden_poll_ids:
        conditions.append("NOT (document.searchable_type = 'Stance' AND document.poll_id = ANY(:hidden))")
        values["hidden"] = list(visible_to.hidden_poll_ids)
    return conditions, values
