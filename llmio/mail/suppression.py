"""Addresses that bounced or complained: not written to any more, but for what their owners ask for themselves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from llmio.accounts import queries
from llmio.accounts.models import User
from llmio.mail.sent import Cause, SuppressedAddress

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from llmio.core.context import Context

ASKED_FOR: Collection[str] = frozenset({"login", "unlock", "merge_verification", "new_address", "mail_test"})
"""Kinds of mail that somebody is waiting for at this moment: an address that works again is found out by them."""


def suppress(db: Session, address: str, cause: Cause, answer: str, now: datetime) -> None:
    """Write to this address no more; what was said first stays."""
    row = upsert(SuppressedAddress).values(
        address=address.lower(), cause=cause.value, answer=answer[:500], created_at=now
    )
    db.execute(row.on_conflict_do_nothing())


def lift(db: Session, address: str) -> bool:
    """Write to it again, complaints forgotten; whether anything stood against it."""
    gone = db.scalars(
        delete(SuppressedAddress)
        .where(SuppressedAddress.address == address.lower())
        .returning(SuppressedAddress.address)
        .execution_options(synchronize_session=False)
    ).all()
    forgiven = db.scalars(
        update(User)
        .where(User.email == address, User.complaints_count > 0)
        .values(complaints_count=0)
        .returning(User.id)
        .execution_options(synchronize_session="fetch")
    ).all()
    return bool(gone or forgiven)


def address_proved(ctx: Context, user: User) -> None:
    """The owner of an address has just used what a mail brought, so it arrives again. Complaints stay."""
    ctx.db.execute(
        delete(SuppressedAddress)
        .where(SuppressedAddress.address == (user.email or "").lower(), SuppressedAddress.cause == Cause.BOUNCE)
        .execution_options(synchronize_session=False)
    )


def why_not(db: Session, address: str, kind: str) -> str | None:
    """Why a mail of this kind must not go to an address; None where it may."""
    if kind in ASKED_FOR:
        return None
    row = db.get(SuppressedAddress, address.lower())
    if row is not None:
        said = "its owner complained" if row.cause == Cause.COMPLAINT else "it bounced"
        return f"not sent to this address: {said} on {row.created_at:%Y-%m-%d} ({row.answer})"
    user = queries.by_email(db, address)
    if user is not None and user.complaints_count:
        return "not sent to this address: its owner complained"
    return None


@dataclass(frozen=True)
class Held:
    """An address that is not written to: since when and why."""

    address: str
    cause: Cause
    answer: str
    since: datetime | None


def listed(db: Session, *, words: str = "", limit: int = 200) -> list[Held]:
    """Addresses not written to, the newest first; then those whose complaints were counted on the account alone."""
    kept = select(SuppressedAddress).order_by(SuppressedAddress.created_at.desc()).limit(limit)
    complained = select(User).where(User.complaints_count > 0, User.email.is_not(None)).order_by(User.id).limit(limit)
    if words:
        kept = kept.where(SuppressedAddress.address.contains(words.lower(), autoescape=True))
        complained = complained.where(User.email.contains(words, autoescape=True))
    rows = [Held(row.address, Cause(row.cause), row.answer, row.created_at) for row in db.scalars(kept)]
    known = {row.address for row in rows}
    of_accounts = [
        Held((user.email or "").lower(), Cause.COMPLAINT, "", user.updated_at) for user in db.scalars(complained)
    ]
    return rows + [one for one in of_accounts if one.address not in known]
