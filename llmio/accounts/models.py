"""People and the ways they prove who they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, String, Text, case, cast, extract, func, text
from sqlalchemy.dialects.postgresql import CITEXT, INET, JSONB, TIMESTAMP
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.core.db import Base, Utc, utcnow

UPLOADED: Final = "uploaded"
"""Kind of avatar: a picture that the person put up."""
INITIALS: Final = "initials"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class User(Base):
    """A person with an account, or one invited by address who has none yet."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(CITEXT)
    encrypted_password: Mapped[str | None] = mapped_column(String(128), default="")
    reset_password_token: Mapped[str | None] = mapped_column(String(255))
    reset_password_sent_at: Mapped[datetime | None] = mapped_column(Utc)
    remember_created_at: Mapped[datetime | None] = mapped_column(Utc)
    sign_in_count: Mapped[int | None] = mapped_column(default=0)
    current_sign_in_at: Mapped[datetime | None] = mapped_column(Utc)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(Utc)
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    name: Mapped[str | None] = mapped_column(String(255))
    deactivated_at: Mapped[datetime | None] = mapped_column(Utc)
    is_admin: Mapped[bool | None] = mapped_column(default=False)
    avatar_kind: Mapped[str] = mapped_column(String(255), default="initials")
    uploaded_avatar_file_name: Mapped[str | None] = mapped_column(String(255))
    uploaded_avatar_content_type: Mapped[str | None] = mapped_column(String(255))
    uploaded_avatar_file_size: Mapped[int | None]
    uploaded_avatar_updated_at: Mapped[datetime | None] = mapped_column(Utc)
    avatar_initials: Mapped[str | None] = mapped_column(String(255))
    username: Mapped[str | None] = mapped_column(String(255))
    email_when_proposal_closing_soon: Mapped[bool] = mapped_column(default=False)
    authentication_token: Mapped[str | None] = mapped_column(String(255))
    unsubscribe_token: Mapped[str | None] = mapped_column(String(255))
    memberships_count: Mapped[int] = mapped_column(default=0)
    selected_locale: Mapped[str | None] = mapped_column(String(255))
    time_zone: Mapped[str | None] = mapped_column(String(255))
    key: Mapped[str | None] = mapped_column(String(255))
    detected_locale: Mapped[str | None] = mapped_column(String(255))
    email_catch_up: Mapped[bool] = mapped_column(default=True)
    email_api_key: Mapped[str | None] = mapped_column(String(255))
    email_when_mentioned: Mapped[bool] = mapped_column(default=True)
    email_on_participation: Mapped[bool] = mapped_column(default=False)
    default_membership_volume: Mapped[int] = mapped_column(default=2)
    country: Mapped[str | None]
    region: Mapped[str | None]
    city: Mapped[str | None]
    experiences: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    facebook_community_id: Mapped[int | None]
    slack_community_id: Mapped[int | None]
    remember_token: Mapped[str | None]
    short_bio: Mapped[str] = mapped_column(default="")
    email_verified: Mapped[bool] = mapped_column(default=False)
    location: Mapped[str] = mapped_column(default="")
    last_seen_at: Mapped[datetime | None] = mapped_column(Utc)
    legal_accepted_at: Mapped[datetime | None] = mapped_column(Utc)
    email_newsletter: Mapped[bool] = mapped_column(default=False)
    failed_attempts: Mapped[int] = mapped_column(default=0)
    unlock_token: Mapped[str | None]
    locked_at: Mapped[datetime | None] = mapped_column(Utc)
    short_bio_format: Mapped[str] = mapped_column(String(10), default="md")
    attachments: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    current_sign_in_ip: Mapped[IPv4Address | IPv6Address | None] = mapped_column(INET)
    last_sign_in_ip: Mapped[IPv4Address | IPv6Address | None] = mapped_column(INET)
    secret_token: Mapped[str] = mapped_column(server_default=text("public.gen_random_uuid()"))
    content_locale: Mapped[str | None]
    bot: Mapped[bool] = mapped_column(default=False)
    link_previews: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    email_catch_up_day: Mapped[int | None]
    date_time_pref: Mapped[str | None]
    api_key: Mapped[str | None]
    deactivator_id: Mapped[int | None]
    autodetect_time_zone: Mapped[bool] = mapped_column(default=True)
    email_sha256: Mapped[str | None]
    complaints_count: Mapped[int] = mapped_column(default=0)
    auto_translate: Mapped[bool] = mapped_column(default=False)

    @hybrid_property
    def picture(self) -> int | None:
        """The version of the picture that others see (milliseconds since 1970; 0 for one from the reference); None without one."""
        if self.avatar_kind != UPLOADED or self.deactivated_at is not None:
            return None
        since = self.uploaded_avatar_updated_at
        return (since - _EPOCH) // timedelta(milliseconds=1) if since else 0

    @picture.inplace.expression
    @classmethod
    def _picture(cls) -> ColumnElement[int | None]:
        since = func.floor(extract("epoch", cls.uploaded_avatar_updated_at) * 1000)
        shown = (cls.avatar_kind == UPLOADED) & cls.deactivated_at.is_(None)
        return case((shown, cast(func.coalesce(since, 0), BigInteger))).label("picture")


class LoginToken(Base):
    """A link and a code, mailed to a person to sign in with."""

    __tablename__ = "login_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    token: Mapped[str | None]
    used: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    redirect: Mapped[str | None]
    code: Mapped[int]
    is_reactivation: Mapped[bool] = mapped_column(default=False)

    user: Mapped[User | None] = relationship(primaryjoin="foreign(LoginToken.user_id) == User.id")


class OmniauthIdentity(Base):
    """An identity at an outside provider that signs a user in."""

    __tablename__ = "omniauth_identities"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    email: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    identity_type: Mapped[str | None] = mapped_column(String(255))
    uid: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    access_token: Mapped[str | None] = mapped_column(default="")
    logo: Mapped[str | None]
    custom_fields: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)

    user: Mapped[User | None] = relationship(primaryjoin="foreign(OmniauthIdentity.user_id) == User.id")


class UserDeactivationResponse(Base):
    """Why a person closed the account."""

    __tablename__ = "user_deactivation_responses"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    body: Mapped[str | None] = mapped_column(Text)


class SignIn(Base):
    """A sign-in by mail under way: who asked, in which browser, and how often a wrong code was typed.

    There is one for every address that was typed, whether or not anybody has it; without a login token no code is
    right. `browser` is the hash of a secret in the browser's cookie: a code is good only where it was asked for.
    """

    __tablename__ = "sign_ins"
    __table_args__ = (
        Index(None, "email", "created_at"),
        {"schema": "llmio"},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    email: Mapped[str] = mapped_column(CITEXT)
    name: Mapped[str] = mapped_column(Text, default="")
    signing_up: Mapped[bool] = mapped_column(default=False)
    browser: Mapped[str] = mapped_column(Text, index=True)
    login_token_id: Mapped[int | None] = mapped_column(ForeignKey("login_tokens.id", ondelete="CASCADE"), index=True)
    failures: Mapped[int] = mapped_column(default=0)
    redirect: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text, default="")
    time_zone: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))

    login_token: Mapped[LoginToken | None] = relationship()
