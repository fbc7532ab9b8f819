"""Deliveries: one row for each message that must reach someone outside the site, and what came of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from llmio.core.db import Base

Moment = TIMESTAMP(timezone=True)
MAX_ATTEMPTS = 8


class Status(StrEnum):
    """How far a delivery has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Refused for good, or tried too often; shown with "send again"."""
    PARKED = "parked"
    """The plugin that would send it is absent."""
    SUPPRESSED = "suppressed"
    """Must not be sent: the record was discarded, the address complained."""


class Delivery(Base):
    """A message of one event, by one notifier, to one recipient (a `User` or a `Chatbot`)."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "uq_deliveries_event_notifier_recipient",
            "event_id",
            "notifier",
            "recipient_type",
            "recipient_id",
            unique=True,
        ),
        Index("index_deliveries_on_recipient", "recipient_type", "recipient_id"),
        Index("index_deliveries_on_status", "status", postgresql_where=text("status <> 'delivered'")),
        {"schema": "llmio"},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    event_id: Mapped[int]
    notifier: Mapped[str] = mapped_column(Text)
    recipient_type: Mapped[str] = mapped_column(Text)
    recipient_id: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    """Why it is sent, as a key of `reasons.REASONS`."""
    status: Mapped[str] = mapped_column(Text, default=Status.PENDING, server_default="pending")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    answer: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The other side's last words, or what went wrong."""
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    created_at: Mapped[datetime] = mapped_column(Moment)
    attempted_at: Mapped[datetime | None] = mapped_column(Moment)
    delivered_at: Mapped[datetime | None] = mapped_column(Moment)


class Attempt(Base):
    """One try to reach a channel: what was sent and what was answered, for the log of the channel's admins."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (
        Index("index_delivery_attempts_on_delivery_id", "delivery_id"),
        Index("index_delivery_attempts_on_started_at", "started_at"),
        {"schema": "llmio"},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(Moment)
    milliseconds: Mapped[int]
    outcome: Mapped[str] = mapped_column(Text)
    """`sent`, `retry` or `failed`."""
    requests: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    """method, url, headers, body, status, answer of each."""


class Pace(Base):
    """How fast a channel may be sent to: when the next message would be in time, and until when it asked for rest."""

    __tablename__ = "channel_paces"
    __table_args__ = ({"schema": "llmio"},)

    lane: Mapped[str] = mapped_column(Text, primary_key=True)
    next_at: Mapped[datetime] = mapped_column(Moment)
    held_until: Mapped[datetime | None] = mapped_column(Moment)
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    """Tries in a row that did not arrive; while it is not 0, one message at a time tries whether the channel is back."""
