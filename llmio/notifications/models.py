"""What is shown in a person's bell, and by what other ways a person hears."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.accounts.models import User
from llmio.core.db import Base, Utc, utcnow
from llmio.core.tables import Event

Moment = TIMESTAMP(timezone=True)


class Tested:
    """Columns of a row that can be tested: asked for on a page, sent by a job, the answer shown there."""

    test_asked_at: Mapped[datetime | None] = mapped_column(Moment)
    test_state: Mapped[str] = mapped_column(Text, default="", server_default="")
    """`pending`, `sent` or `failed`; empty: never asked for."""
    test_answer: Mapped[str] = mapped_column(Text, default="", server_default="")
    test_ended_at: Mapped[datetime | None] = mapped_column(Moment)


class PersonWay(Tested, Base):
    """A way by which a person hears beside mail: the notifier, and what was entered in its fields."""

    __tablename__ = "person_ways"
    __table_args__ = ({"schema": "llmio"},)

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    notifier: Mapped[str] = mapped_column(Text, primary_key=True)
    values: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    created_at: Mapped[datetime] = mapped_column(Moment)


class Notification(Base):
    """An event that a person should see, and whether they have."""

    __tablename__ = "notifications"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    event_id: Mapped[int | None]
    viewed: Mapped[bool] = mapped_column(default=False)
    translation_values: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    url: Mapped[str | None]
    actor_id: Mapped[int | None]

    user: Mapped[User | None] = relationship(primaryjoin="foreign(Notification.user_id) == User.id")
    event: Mapped[Event | None] = relationship(primaryjoin="foreign(Notification.event_id) == Event.id")
    actor: Mapped[User | None] = relationship(primaryjoin="foreign(Notification.actor_id) == User.id")
