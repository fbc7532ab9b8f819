"""The provider keeps the contracts; a sibling that lets everybody see everything does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from llmio_search_sqlite import SQLite, match

from llmio.plugins import parse_query
from llmio.testing.contracts.plugin import PluginContract
from llmio.testing.contracts.search import SearchProviderContract


def opened(kind, folder):
    made = kind()
    made.open({"path": "", "data": str(folder)})
    return made


class TestPlugin(PluginContract):
    @pytest.fixture
    def plugin_name(self):
        return "search_sqlite"

    @pytest.fixture
    def project(self):
        return Path(__file__).parents[1]


class TestSQLite(SearchProviderContract):
    @pytest.fixture
    def provider(self, tmp_path):
        return opened(SQLite, tmp_path)


class Leaky(SQLite):
    """Shows everybody everything."""

    def search(self, connection, query, filters, visible_to, *, offset=0, limit=20):
        everything = replace(visible_to, group_ids=[*range(100)], hidden_poll_ids=[])
        return super().search(connection, query, filters, everything, offset=offset, limit=limit)


def test_the_contract_finds_a_leak(tmp_path):
    leaky = opened(Leaky, tmp_path)

    def find(query, filters=None, visible_to=None):
        from llmio.plugins import Filters

        return [hit.record_id for hit in leaky.search(None, query, filters or Filters(), visible_to).hits]

    with pytest.raises(AssertionError):
        SearchProviderContract().test_what_is_not_visible_is_not_found(
            lambda *documents: leaky.index(None, documents), find
        )


def test_what_was_typed_becomes_a_query():
    assert match(parse_query('bread "fresh rye" -"stale" !old')) == '("bread"* AND "fresh rye") NOT "stale" NOT "old"*'
    assert match(parse_query("-old")) == ""
