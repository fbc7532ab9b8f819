"""Mail that came in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import HSTORE
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.core.db import Base, Utc, utcnow
from llmio.groups.models import Group


class ReceivedEmail(Base):
    """A mail to a group, until it is released or dropped."""

    __tablename__ = "received_emails"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    group_id: Mapped[int | None]
    headers: Mapped[dict[str, str | None]] = mapped_column(MutableDict.as_mutable(HSTORE), default=dict)
    body_text: Mapped[str | None]
    body_html: Mapped[str | None]
    spf_valid: Mapped[bool] = mapped_column(default=False)
    dkim_valid: Mapped[bool] = mapped_column(default=False)
    released: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)

    group: Mapped[Group | None] = relationship(primaryjoin="foreign(ReceivedEmail.group_id) == Group.id")


class ActionMailboxInboundEmail(Base):
    """A raw mail's identity and how far its handling has come."""

    __tablename__ = "action_mailbox_inbound_emails"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    status: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[str]
    message_checksum: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)
