"""Search in PostgreSQL: the contract, and wrong siblings that the contract finds out."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pytest
from llmio_search_postgres import Postgres
from llmio_search_postgres.queries import tsquery

from llmio.plugins import Filters, SearchProvider, Visible, parse_query
from llmio.testing.contracts.search import ALL, SearchProviderContract


class TestPostgres(SearchProviderContract):
    @pytest.fixture
    def provider(self) -> SearchProvider:
        return Postgres()


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("bread", "('bread':*)"),
        ("bread butter", "('bread':*) & ('butter':*)"),
        ("bread !butter", "('bread':*) & !('butter':*)"),
        ("half-baked", "('half-baked':* | ('half':* & 'baked':*))"),
        ("it's", "('it''s':* | ('it':* & 's':*))"),
        ('"fresh bread" -rye', "('fresh bread') & !('rye':*)"),
        ("!bread", ""),
        ("& | !", ""),
    ],
)
def test_what_was_typed_becomes_a_query(typed, asked):
    assert tsquery(parse_query(typed)) == asked


class Leaky(Postgres):
    """Shows everybody everything."""

    def search(self, connection, query, filters, visible_to, *, offset=0, limit=20):
        everything = Visible(group_ids=[*range(100)], discussion_ids=[*range(100)], poll_ids=[*range(100)])
        return super().search(connection, query, filters, everything, offset=offset, limit=limit)


class Trusting(Postgres):
    """Shows texts as they were written."""

    def search(self, connection, query, filters, visible_to, *, offset=0, limit=20):
        page = super().search(connection, query, filters, visible_to, offset=offset, limit=limit)
        return replace(page, hits=[replace(hit, highlight=unescape(hit.highlight)) for hit in page.hits])


class Hoarding(Postgres):
    """Forgets nothing."""

    def remove(self, connection, record_type, ids):
        pass


def tools(provider, connection):
    """`index` and `find` of the suite."""
    provider.reindex(connection)

    def find(query, filters=None, visible_to=ALL):
        page = provider.search(connection, query, filters or Filters(), visible_to)
        return [] if page.corrected else [hit.record_id for hit in page.hits]

    return lambda *documents: provider.index(connection, documents), find


def test_the_contract_finds_wrong_siblings_out(connection):
    suite = SearchProviderContract()
    suite.test_every_word_is_needed(*tools(Postgres(), connection))
    with pytest.raises(AssertionError):
        suite.test_what_is_not_visible_is_not_found(*tools(Leaky(), connection))
    with pytest.raises(AssertionError):
        suite.test_a_filter_never_shows_more(*tools(Leaky(), connection))
    with pytest.raises(AssertionError):
        suite.test_found_words_are_marked_and_all_else_is_escaped(
            Trusting(), connection, tools(Trusting(), connection)[0]
        )
    with pytest.raises(AssertionError):
        suite.test_a_removed_document_is_forgotten(Hoarding(), connection, *tools(Hoarding(), connection))
