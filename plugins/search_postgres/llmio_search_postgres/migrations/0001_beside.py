"""What the reference's table has no room for: words by their stems, plain text to quote, and the words there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "search_postgres_1"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "documents",
        sa.Column("document_id", sa.BigInteger, primary_key=True),
        sa.Column("configuration", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("stems", TSVECTOR, nullable=False),
    )
    op.create_index("documents_stems", "documents", ["stems"], postgresql_using="gin")
    op.create_table("words", sa.Column("word", sa.Text(collation="C"), primary_key=True))
    op.create_table("languages", sa.Column("configuration", sa.Text, primary_key=True))
    trigrams = op.get_bind().scalar(sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'"))
    if trigrams:
        op.execute("CREATE INDEX words_trigrams ON words USING gin (word gin_trgm_ops)")
