"""Sign-in sessions: rows, so that they end everywhere at once and outlive a restart of Redis."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Text, select, update
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, Session, mapped_column

from llmio.accounts.models import User
from llmio.accounts.zones import zone_or_none
from llmio.core.context import Identity
from llmio.core.db import Base

if TYPE_CHECKING:
    from llmio.core.context import Context

LIFETIME = timedelta(days=365)
Moment = TIMESTAMP(timezone=True)
ACTING = (
    User.id,
    User.name,
    User.email,
    User.username,
    User.key,
    User.is_admin,
    User.email_verified,
    User.selected_locale,
    User.detected_locale,
    User.time_zone,
    User.picture,
)
"""What an act needs of a person. Read in every request, so not the other fifty columns."""


class UserSession(Base):
    """One signed-in browser."""

    __tablename__ = "sessions"
    __table_args__ = {"schema": "llmio"}

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user_agent: Mapped[str] = mapped_column(Text, default="")
    ip: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


def open_session(ctx: Context, user: User, *, user_agent: str = "", ip: str = "") -> UserSession:
    """Start a session; its id goes into the signed cookie."""
    row = UserSession(
        id=secrets.token_urlsafe(24), user_id=user.id, user_agent=user_agent[:500], ip=ip, created_at=ctx.now
    )
    ctx.db.add(row)
    ctx.db.flush()
    return row


def identify(db: Session, session_id: str, now: datetime) -> Identity | None:
    """Who a session belongs to, in one query; None where it ended, is too old, or the account is closed."""
    query = (
        select(*ACTING)
        .join(UserSession, UserSession.user_id == User.id)
        .where(
            UserSession.id == session_id,
            UserSession.ended_at.is_(None),
            UserSession.created_at > now - LIFETIME,
            User.deactivated_at.is_(None),
        )
    )
    row = db.execute(query).one_or_none()
    return identity_of(row, session_id=session_id) if row else None


def identity_of(user: Any, *, session_id: str = "") -> Identity:
    """The detached values of a user that acts (a User, or a row of those columns)."""
    return Identity(
        id=user.id,
        name=user.name or "",
        email=user.email or "",
        username=user.username or "",
        key=user.key or "",
        is_admin=bool(user.is_admin),
        verified=user.email_verified,
        locale=user.selected_locale or user.detected_locale or "en",
        time_zone=zone_or_none(user.time_zone) or "UTC",  # a foreign database may hold anything
        session_id=session_id,
        picture=user.picture,
    )


def end_session(ctx: Context, session_id: str) -> None:
    """Sign one browser out."""
    ctx.db.execute(update(UserSession).where(UserSession.id == session_id).values(ended_at=ctx.now))


def end_sessions(ctx: Context, user_id: int) -> None:
    """Sign a person out everywhere."""
    ctx.db.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .values(ended_at=ctx.now)
    )
