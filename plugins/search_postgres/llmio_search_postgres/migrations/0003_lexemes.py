"""Words as they stand in the index of `pg_search_documents`: what begins with what was typed is looked up whole."""

from __future__ import annotations

from alembic import op

revision = "search_postgres_3"
down_revision = "search_postgres_2"


def upgrade() -> None:
    """Create the table; the empty word says that all words are there, which they are where there are no documents yet."""
    op.execute('CREATE TABLE lexemes (word text COLLATE "C" PRIMARY KEY)')
    op.execute("INSERT INTO lexemes (word) SELECT '' WHERE NOT EXISTS (SELECT FROM public.pg_search_documents)")
