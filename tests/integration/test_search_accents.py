"""An index from before accents were folded: what it knows of words is made use of at once."""

from __future__ import annotations

from pathlib import Path

from llmio_search_postgres import Postgres, rows
from sqlalchemy import text

from llmio.plugins import Filters, Visible
from llmio.plugins.migrate import upgrade
from llmio.testing.contracts.search import document


def test_words_known_before_get_their_accents_by_the_migration(connection):
    Postgres().reindex(connection)
    Postgres().index(connection, [document(1, "Le café, les cafés, von Müller an der Straße, ein Résumé, été, bread")])
    connection.execute(text("DROP TABLE plugin_search_postgres.accents"))
    connection.execute(text("DROP TABLE plugin_search_postgres.lexemes"))
    connection.execute(text("DROP FUNCTION plugin_search_postgres.folded"))
    connection.execute(text("UPDATE plugin_search_postgres.alembic_version SET version_num = 'search_postgres_1'"))
    upgrade(connection, "search_postgres", Path(rows.__file__).parent / "migrations")
    kept = connection.execute(text("SELECT word, folded FROM plugin_search_postgres.accents ORDER BY word"))
    assert [tuple(row) for row in kept] == [
        ("café", "cafe"),
        ("cafés", "cafes"),
        ("müller", "muller"),
        ("résumé", "resume"),
        ("straße", "strasse"),
    ]
    (hit,) = Postgres().search(connection, "cafe", Filters(), Visible(group_ids=[1])).hits
    assert "<mark>cafés</mark>" in hit.highlight
