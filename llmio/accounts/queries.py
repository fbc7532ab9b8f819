"""People, looked up in ways used more than once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from llmio.accounts.models import User
from llmio.accounts.sessions import LIFETIME, UserSession

if TYPE_CHECKING:
    from llmio.core.context import Context

BLOCKED = text("SELECT 1 FROM blocked_domains WHERE name = ANY(:names) LIMIT 1")


def by_email(db: Session, email: str) -> User | None:
    """The person of an address; case does not matter (citext)."""
    return db.scalars(select(User).where(User.email == email)).one_or_none()


def by_emails(db: Session, emails: Iterable[str]) -> dict[str, User]:
    """Address → person, for those that are there."""
    found = db.scalars(select(User).where(User.email.in_(list(emails))))
    return {(user.email or "").lower(): user for user in found}


def by_username(db: Session, username: str) -> User | None:
    """The person of a user name."""
    return db.scalars(select(User).where(User.username == username)).one_or_none()


def me(ctx: Context) -> User:
    """The row of the actor; raises SignInNeeded where there is none."""
    return ctx.db.get_one(User, ctx.signed_in().id)


def open_sessions(db: Session, user_id: int, now: datetime) -> list[UserSession]:
    """Browsers in which a person is signed in, the newest first."""
    query = (
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None), UserSession.created_at > now - LIFETIME)
        .order_by(UserSession.created_at.desc())
    )
    return list(db.scalars(query))


def listed(db: Session, *, words: str = "", limit: int = 50, offset: int = 0) -> list[User]:
    """People by name or address, those who came last first (for administrators)."""
    query = select(User).order_by(User.id.desc()).limit(limit).offset(offset)
    if words:
        pattern = f"%{words.lower()}%"
        query = query.where(func.lower(func.concat_ws(" ", User.name, User.email, User.username)).like(pattern))
    return list(db.scalars(query))


def is_blocked(db: Session, email: str) -> bool:
    """Whether the domain of an address, or one above it, is on the site's list of blocked domains."""
    labels = email.rpartition("@")[2].lower().split(".")
    names = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    return db.scalar(BLOCKED, {"names": names}) is not None
