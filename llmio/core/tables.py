"""Rows that every feature writes: the timeline, its counters and the history of records."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.core.db import Base, Utc, utcnow


class Event(Base):
    """One entry of a timeline: what happened (kind), to what (eventable), by whom."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    eventable_id: Mapped[int | None]
    eventable_type: Mapped[str | None] = mapped_column(String(255))
    user_id: Mapped[int | None]
    discussion_id: Mapped[int | None]
    sequence_id: Mapped[int | None]
    announcement: Mapped[bool] = mapped_column(default=False)
    custom_fields: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    parent_id: Mapped[int | None]
    position: Mapped[int] = mapped_column(default=0)
    child_count: Mapped[int] = mapped_column(default=0)
    depth: Mapped[int] = mapped_column(default=0)
    pinned: Mapped[bool] = mapped_column(default=False)
    position_key: Mapped[str | None]
    descendant_count: Mapped[int] = mapped_column(default=0)
    eventable_version_id: Mapped[int | None]

    parent: Mapped[Event | None] = relationship(primaryjoin="foreign(Event.parent_id) == remote(Event.id)")
    user: Mapped[Any] = relationship("User", primaryjoin="foreign(Event.user_id) == User.id")


class PartitionSequence(Base):
    """A counter per (key, id), such as the last sequence number given in a discussion."""

    __tablename__ = "partition_sequences"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counter: Mapped[int | None] = mapped_column(default=0)


class Version(Base):
    """What one change of a record altered, and who made it."""

    __tablename__ = "versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    item_type: Mapped[str] = mapped_column(String(255))
    item_id: Mapped[int]
    event: Mapped[str] = mapped_column(String(255))
    whodunnit: Mapped[int | None]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    object_changes: Mapped[dict[str, Any] | None] = mapped_column(MutableDict.as_mutable(JSONB))
