"""Mail that was taken and is not done with: its bytes in pieces, in the database, so that what was accepted is there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import CITEXT, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from llmio.core.db import Base

Moment = TIMESTAMP(timezone=True)


class IncomingMail(Base):
    """A mail between its acceptance and its end: `checks` is what is known of its sender, `recipients` its envelope."""

    __tablename__ = "incoming_mails"
    __table_args__ = {"schema": "llmio"}

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    inbound_email_id: Mapped[int] = mapped_column(
        ForeignKey("action_mailbox_inbound_emails.id", ondelete="CASCADE"), unique=True
    )
    received_email_id: Mapped[int | None] = mapped_column(
        ForeignKey("received_emails.id", ondelete="CASCADE"), index=True
    )
    door: Mapped[str] = mapped_column(Text)
    recipients: Mapped[list[str]] = mapped_column(JSONB, default=list)
    checks: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Moment)


class IncomingPiece(Base):
    """A stretch of a mail's bytes."""

    __tablename__ = "incoming_pieces"
    __table_args__ = {"schema": "llmio"}

    mail_id: Mapped[int] = mapped_column(ForeignKey("llmio.incoming_mails.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    bytes: Mapped[bytes] = mapped_column(LargeBinary)


class MailBounce(Base):
    """When an address was last told that its mail could not be used."""

    __tablename__ = "mail_bounces"
    __table_args__ = {"schema": "llmio"}

    email: Mapped[str] = mapped_column(CITEXT, primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(Moment)
