"""Chat rooms, webhooks and applications that a group talks to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.accounts.models import User
from llmio.core.db import Base, Utc, utcnow
from llmio.groups.models import Group

Moment = TIMESTAMP(timezone=True)


class Chatbot(Base):
    """A chat room or address that hears of a group's events."""

    __tablename__ = "chatbots"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str | None]
    server: Mapped[str | None]
    channel: Mapped[str | None]
    access_token: Mapped[str | None]
    author_id: Mapped[int | None]
    group_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)
    name: Mapped[str | None]
    notification_only: Mapped[bool] = mapped_column(default=False)
    webhook_kind: Mapped[str | None]
    event_kinds: Mapped[list[str] | None] = mapped_column(ARRAY(String))

    group: Mapped[Group] = relationship(primaryjoin="foreign(Chatbot.group_id) == Group.id")
    author: Mapped[User | None] = relationship(primaryjoin="foreign(Chatbot.author_id) == User.id")


class ChatbotNotes(Base):
    """What llmio knows of an integration beside the reference's row: secrets that end, and the last test."""

    __tablename__ = "chatbot_notes"
    __table_args__ = ({"schema": "llmio"},)

    chatbot_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    old_secrets: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list, server_default="[]")
    """`secret`, and `until` when (ISO 8601) it signs beside the new one; the latest first."""
    test_asked_at: Mapped[datetime | None] = mapped_column(Moment)
    test_state: Mapped[str] = mapped_column(Text, default="", server_default="")
    """`pending`, `sent` or `failed`; empty: never asked for."""
    test_answer: Mapped[str] = mapped_column(Text, default="", server_default="")
    test_ended_at: Mapped[datetime | None] = mapped_column(Moment)


class Webhook(Base):
    """An address or API key of a group from before chatbots."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    group_id: Mapped[int]
    name: Mapped[str]
    url: Mapped[str | None]
    event_kinds: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    format: Mapped[str | None] = mapped_column(default="markdown")
    include_body: Mapped[bool | None] = mapped_column(default=False)
    include_subgroups: Mapped[bool] = mapped_column(default=False)
    is_broken: Mapped[bool] = mapped_column(default=False)
    token: Mapped[str | None]
    author_id: Mapped[int | None]
    actor_id: Mapped[int | None]
    permissions: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    last_used_at: Mapped[datetime | None] = mapped_column(Utc(6))

    group: Mapped[Group] = relationship(primaryjoin="foreign(Webhook.group_id) == Group.id")
    author: Mapped[User | None] = relationship(primaryjoin="foreign(Webhook.author_id) == User.id")


class OauthApplication(Base):
    """An application that may ask for access in a user's name."""

    __tablename__ = "oauth_applications"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    uid: Mapped[str]
    secret: Mapped[str]
    redirect_uri: Mapped[str] = mapped_column(Text)
    scopes: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    owner_id: Mapped[int | None]
    owner_type: Mapped[str | None]
    logo_file_name: Mapped[str | None]
    logo_content_type: Mapped[str | None]
    logo_file_size: Mapped[int | None]
    logo_updated_at: Mapped[datetime | None] = mapped_column(Utc)


class OauthAccessGrant(Base):
    """A code that an application may trade for a token."""

    __tablename__ = "oauth_access_grants"

    id: Mapped[int] = mapped_column(primary_key=True)
    resource_owner_id: Mapped[int]
    application_id: Mapped[int]
    token: Mapped[str]
    expires_in: Mapped[int]
    redirect_uri: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Utc, default=utcnow)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)
    scopes: Mapped[str | None]


class OauthAccessToken(Base):
    """Access of an application in a user's name."""

    __tablename__ = "oauth_access_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    resource_owner_id: Mapped[int | None]
    application_id: Mapped[int | None]
    token: Mapped[str]
    refresh_token: Mapped[str | None]
    expires_in: Mapped[int | None]
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)
    created_at: Mapped[datetime] = mapped_column(Utc, default=utcnow)
    scopes: Mapped[str | None]
