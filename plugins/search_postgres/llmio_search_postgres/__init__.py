"""Search provider `postgres`: full text search on table `pg_search_documents`.

Source: https://www.postgresql.org/docs/current/textsearch.html. Row text and query rules as the reference has them: fields joined
by blanks, dictionary `simple`, prefix matching, negation by `!`. What goes beyond lies in the plugin's own tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from llmio.plugins import Document, Filters, Page, Plugin, SearchProvider, Visible, _, hookimpl, parse_query
from llmio_search_postgres import correcting, reading, rows
from llmio_search_postgres.queries import tsquery

PLUGIN = Plugin(_("Search in PostgreSQL"), _("Full text search in the site's own database."))


class Postgres(SearchProvider):
    """Documents in `pg_search_documents`; stems, plain text and the words there are beside it."""

    key = "postgres"
    title = "PostgreSQL"
    summary = "Full text search in the site's own database."

    def index(self, connection: Any, documents: Iterable[Document]) -> None:
        """Add documents, or replace those of the same type and id."""
        rows.write(connection, list(documents))

    def remove(self, connection: Any, record_type: str, ids: Sequence[int]) -> None:
        """Forget documents."""
        rows.remove(connection, record_type, ids)

    def ids(self, connection: Any, record_type: str, after: int, limit: int) -> Sequence[int]:
        """Ids of documents of a type that the index holds."""
        return rows.ids(connection, record_type, after, limit)

    def count(self, connection: Any) -> int:
        """How many documents the index holds."""
        return rows.count(connection)

    def search(
        self, connection: Any, query: str, filters: Filters, visible_to: Visible, *, offset: int = 0, limit: int = 20
    ) -> Page:
        """Find documents the searcher may see; where nothing answers, those that answer to the words that were meant."""
        terms = parse_query(query)
        if not tsquery(terms):
            return Page((), offset)
        search = reading.Search(connection, filters, visible_to, limit=limit)
        page = search.page(terms, offset)
        if page.hits or offset or not search.beside:
            return page
        anywhere = reading.Search(connection, Filters(), visible_to, limit=1)
        for meant in correcting.meant(connection, terms, anywhere.answers):
            corrected = search.page(meant, 0)
            if corrected.hits:
                return Page(corrected.hits, 0, corrected.more, correcting.as_typed(meant))
        return page

    def reindex(self, connection: Any) -> None:
        """Empty the index."""
        rows.clear(connection)

    def finish(self, connection: Any) -> None:
        """Put the index in order."""
        rows.tidy(connection)


@hookimpl
def llmio_search_providers() -> list[SearchProvider]:
    """The provider of this plugin."""
    return [Postgres()]
