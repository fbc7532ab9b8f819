"""Chat rooms, webhooks and applications that a group talks to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.accounts.models import User
from llmio.core.db import Base, Utc, utcnow
from llmio.groups.models import Group
from llmio.notifications.models import Tested

WEBHOOK, MATRIX = "webhook", "matrix"
"""The kinds that table `chatbots` knows, and the notifiers that serve them."""
FORMATS = frozenset({"slack", "microsoft", "discord", "markdown", "webex"})
"""The webhook formats that the reference knows."""


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
    notes: Mapped[ChatbotNotes | None] = relationship(
        primaryjoin="foreign(ChatbotNotes.chatbot_id) == Chatbot.id", uselist=False, passive_deletes="all"
    )

    @property
    def notifier(self) -> str:
        """The key of the notifier that reaches it."""
        return (self.notes.notifier if self.notes else "") or (MATRIX if self.kind == MATRIX else WEBHOOK)

    @property
    def shape(self) -> str:
        """The key of its webhook format; empty where another notifier than `webhook` reaches it."""
        if self.notifier != WEBHOOK:
            return ""
        return (self.notes.webhook_kind if self.notes else "") or self.webhook_kind or ""

    @property
    def hears(self) -> list[str]:
        """The kinds of events it asked for."""
        return [*(self.event_kinds or ()), *(self.notes.event_kinds if self.notes else ())]

    @property
    def values(self) -> dict[str, Any]:
        """What was entered in the fields of its notifier."""
        if self.notes and self.notes.notifier:
            return dict(self.notes.values)
        found = {"address": self.server, "channel": self.channel}
        return {**found, "access_token": self.access_token} if self.kind == MATRIX else found


class ChatbotNotes(Tested, Base):
    """What llmio knows of an integration beside the reference's row: secrets that end, the last test, and all of a kind that
    the reference has not.

    Of such a kind the row itself is a webhook of format `markdown` that hears of nothing, so that the reference can read it, and
    sends nothing there, should a site go back to it.
    """

    __tablename__ = "chatbot_notes"
    __table_args__ = ({"schema": "llmio"},)

    chatbot_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    webhook_kind: Mapped[str] = mapped_column(Text, default="", server_default="")
    """A webhook format that the reference has not."""
    notifier: Mapped[str] = mapped_column(Text, default="", server_default="")
    """A notifier that the reference has not, with `values`, what was entered in its fields."""
    values: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    event_kinds: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    """What it hears of, where the row must not say so."""
    old_secrets: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list, server_default="[]")
    """`secret`, and `until` when (ISO 8601) it signs beside the new one; the latest first."""


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
