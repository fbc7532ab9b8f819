"""What was sent to whom and what the mail server said, and addresses that are not written to any more."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from llmio.core.db import Base

Moment = TIMESTAMP(timezone=True)


class State(StrEnum):
    """What became of a mail."""

    SENT = "sent"
    """The mail server took it."""
    WAITING = "waiting"
    """A passing fault; it is tried again."""
    REFUSED = "refused"
    """The mail server will not take it."""
    HELD = "held"
    """Not tried: the address bounced or complained before."""


class SentMail(Base):
    """One mail: to whom, of what kind, when, what the server answered. Neither subject nor text: both hold secrets."""

    __tablename__ = "sent_mails"
    __table_args__ = (
        UniqueConstraint("message_id", "address"),
        Index(None, "attempted_at", "id"),
        Index(None, "address", "id"),
        {"schema": "llmio"},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    message_id: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Moment)
    attempted_at: Mapped[datetime] = mapped_column(Moment)


class Cause(StrEnum):
    """Why an address is not written to."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"


class SuppressedAddress(Base):
    """An address (in lower case) that is not written to any more, but for what its owner asks for."""

    __tablename__ = "suppressed_addresses"
    __table_args__ = ({"schema": "llmio"},)

    address: Mapped[str] = mapped_column(Text, primary_key=True)
    cause: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    """What the other side said."""
    created_at: Mapped[datetime] = mapped_column(Moment)
