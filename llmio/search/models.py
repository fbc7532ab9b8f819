"""The index that people search."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from llmio.core.db import Base, Utc, utcnow


class SearchDocument(Base):
    """The searchable text of one record and what decides who may find it."""

    __tablename__ = "pg_search_documents"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    content: Mapped[str | None] = mapped_column(Text)
    ts_content: Mapped[str | None] = mapped_column(TSVECTOR)
    author_id: Mapped[int | None] = mapped_column(BigInteger)
    group_id: Mapped[int | None] = mapped_column(BigInteger)
    discussion_id: Mapped[int | None] = mapped_column(BigInteger)
    poll_id: Mapped[int | None] = mapped_column(BigInteger)
    searchable_type: Mapped[str | None]
    searchable_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)
    authored_at: Mapped[datetime | None] = mapped_column(Utc(6))
