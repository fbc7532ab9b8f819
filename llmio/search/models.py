"""The index that people search, as the reference has it, and how far the building of one has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from llmio.core.db import Base, Utc, utcnow

Moment = TIMESTAMP(timezone=True)


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


class SearchBuild(Base):
    """One building of a provider's whole index: goes on where it stopped, whoever stopped it."""

    __tablename__ = "search_builds"
    __table_args__ = {"schema": "llmio"}

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    provider: Mapped[str] = mapped_column(Text)
    phase: Mapped[str] = mapped_column(Text)
    after_id: Mapped[int] = mapped_column(BigInteger, default=0)
    done: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int] = mapped_column(BigInteger, default=0)
    started_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
