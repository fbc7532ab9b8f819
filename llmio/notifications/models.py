"""What is shown in a person's bell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.accounts.models import User
from llmio.core.db import Base, Utc, utcnow
from llmio.core.tables import Event


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
