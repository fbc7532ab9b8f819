"""Search provider `postgres`: full text search on table `pg_search_documents`.

Source: https://www.postgresql.org/docs/current/textsearch.html. Row text and query rules as the reference has them: fields joined
by blanks, dictionary `simple`, prefix matching, negation by `!`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC
from html import escape
from typing import Any

from sqlalchemy import text

from llmio.plugins import Document, Filters, Hit, Page, Plugin, SearchProvider, Visible, _, hookimpl

PLUGIN = Plugin(_("Search in PostgreSQL"), _("Full text search in the site's own database."))

START, STOP = "\ue000", "\ue001"
"""Private characters around the words found; texts are cleared of them."""
ORDERS = {
    "relevance": "rank DESC, authored_at DESC NULLS LAST, id DESC",
    "newest": "authored_at DESC NULLS LAST, id DESC",
    "oldest": "authored_at ASC NULLS LAST, id ASC",
}
INSERT = text(
    "INSERT INTO pg_search_documents (content, ts_content, author_id, group_id, discussion_id, poll_id, searchable_type, "
    "searchable_id, authored_at, created_at, updated_at) VALUES (:content, to_tsvector('simple', :content), :author_id, "
    ":group_id, :discussion_id, :poll_id, :type, :id, :authored_at, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')"
)


def tsquery(query: str) -> str:
    """What a person typed as a `to_tsquery` text: every word as a prefix, all of them needed; "" where no word is left."""
    terms = []
    for token in query.split():
        words = re.findall(r"\w+", token)
        if not words:
            continue
        term = " & ".join(f"'{word}':*" for word in words)
        terms.append(f"!({term})" if token.startswith("!") else f"({term})")
    return " & ".join(terms)


class Postgres(SearchProvider):
    """Documents in `pg_search_documents`."""

    key = "postgres"
    title = "PostgreSQL"
    summary = "Full text search in the site's own database."

    def index(self, connection: Any, documents: Iterable[Document]) -> None:
        """Add documents, or replace those of the same type and id."""
        rows = [self._row(document) for document in documents]
        for kind in {row["type"] for row in rows}:
            self.remove(connection, kind, [row["id"] for row in rows if row["type"] == kind])
        if rows:
            connection.execute(INSERT, rows)

    @staticmethod
    def _row(document: Document) -> dict[str, Any]:
        content = " ".join(part for part in (document.title, document.body) if part)
        moment = document.created_at
        return {
            "content": content.replace(START, "").replace(STOP, "").replace("\x00", ""),
            "author_id": document.author_id,
            "group_id": document.group_id,
            "discussion_id": document.discussion_id,
            "poll_id": document.poll_id,
            "type": document.record_type,
            "id": document.record_id,
            "authored_at": moment.astimezone(UTC).replace(tzinfo=None) if moment else None,
        }

    def remove(self, connection: Any, record_type: str, ids: Sequence[int]) -> None:
        """Forget documents."""
        connection.execute(
            text("DELETE FROM pg_search_documents WHERE searchable_type = :type AND searchable_id = ANY(:ids)"),
            {"type": record_type, "ids": list(ids)},
        )

    def search(
        self, connection: Any, query: str, filters: Filters, visible_to: Visible, *, offset: int = 0, limit: int = 20
    ) -> Page:
        """Find documents the searcher may see."""
        asked = tsquery(query)
        if not asked:
            return Page((), offset)
        conditions, values = self._conditions(filters, visible_to)
        order = ORDERS.get(filters.order, ORDERS["relevance"])
        # Only the page's own rows are highlighted: ts_headline reads the whole text of each.
        statement = text(
            "WITH found AS (SELECT id, searchable_type, searchable_id, content, authored_at, "  # parts are ours
            "ts_rank(ts_content, to_tsquery('simple', :query)) AS rank FROM pg_search_documents "
            f"WHERE ts_content @@ to_tsquery('simple', :query) AND {' AND '.join(conditions)} "
            f"ORDER BY {order} LIMIT :limit OFFSET :offset) "
            "SELECT searchable_type, searchable_id, rank, ts_headline('simple', content, to_tsquery('simple', :query), "
            f":options) AS headline FROM found ORDER BY {order}"
        )
        options = (
            f'StartSel="{START}", StopSel="{STOP}", MaxFragments=2, MaxWords=30, MinWords=12, FragmentDelimiter=" … "'
        )
        values |= {"query": asked, "limit": limit + 1, "offset": offset, "options": options}
        rows = connection.execute(statement, values).all()
        hits = [
            Hit(row.searchable_type, row.searchable_id, "", _marked(row.headline), row.rank) for row in rows[:limit]
        ]
        return Page(hits, offset, more=len(rows) > limit)

    @staticmethod
    def _conditions(filters: Filters, visible_to: Visible) -> tuple[list[str], dict[str, Any]]:
        conditions = ["(group_id = ANY(:groups) OR discussion_id = ANY(:discussions) OR poll_id = ANY(:polls))"]
        values: dict[str, Any] = {
            "groups": list(visible_to.group_ids),
            "discussions": list(visible_to.discussion_ids),
            "polls": list(visible_to.poll_ids),
        }
        if filters.types:
            conditions.append("searchable_type = ANY(:types)")
            values["types"] = list(filters.types)
        if filters.group_ids:
            conditions.append("group_id = ANY(:only_groups)")
            values["only_groups"] = list(filters.group_ids)
        if filters.author_id is not None:
            conditions.append("author_id = :author")
            values["author"] = filters.author_id
        if filters.tag:
            conditions.append(
                "(discussion_id IN (SELECT id FROM discussions WHERE :tag = ANY(tags)) "
                "OR poll_id IN (SELECT id FROM polls WHERE :tag = ANY(tags)))"
            )
            values["tag"] = filters.tag
        return conditions, values

    def reindex(self, connection: Any) -> None:
        """Empty the index, before all documents are added again."""
        connection.execute(text("DELETE FROM pg_search_documents"))


def _marked(headline: str) -> str:
    return escape(headline).replace(START, "<mark>").replace(STOP, "</mark>")


@hookimpl
def llmio_search_providers() -> list[SearchProvider]:
    """The provider of this plugin."""
    return [Postgres()]
