"""The one way out for mail: holds back what must not be sent, hands over, and writes down what the server said."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from llmio.core.ports import Receipt
from llmio.mail import suppression
from llmio.mail.addresses import from_address
from llmio.mail.sent import Cause, SentMail, State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from llmio.core.app import App
    from llmio.core.ports import Mail

PAGE = 50


class Post:
    """A Mailer that looks at the address first and keeps the log; used from jobs, outside any transaction."""

    def __init__(self, app: App) -> None:
        self._app = app

    def send(self, mail: Mail) -> Receipt:
        """Send, unless it must not be; two short transactions around it."""
        app = self._app
        with app.begin() as ctx:
            why = self._why_not(ctx.db, mail)
        receipt = Receipt(ok=False, answer=why, permanent=True, held=True) if why else app.ports.mailer.send(mail)
        with app.begin() as ctx:
            note(ctx.db, mail, receipt, ctx.now)
            if receipt.bounced:
                suppression.suppress(ctx.db, mail.to[1], Cause.BOUNCE, receipt.answer, ctx.now)
        return receipt

    def _why_not(self, db: Session, mail: Mail) -> str | None:
        if mail.to[1].lower() == from_address(self._app.settings).lower():
            return "not sent: this is the address that the site's own mail comes from"
        return suppression.why_not(db, mail.to[1], mail.kind)


def state_of(receipt: Receipt) -> State:
    """What a receipt means for the log."""
    if receipt.ok:
        return State.SENT
    if receipt.held:
        return State.HELD
    return State.REFUSED if receipt.permanent else State.WAITING


def note(db: Session, mail: Mail, receipt: Receipt, now: datetime) -> None:
    """Write a try into the log; the same mail has one line, however often it is tried."""
    row = upsert(SentMail).values(
        message_id=mail.message_id,
        address=mail.to[1].lower(),
        kind=mail.kind or "other",
        state=state_of(receipt).value,
        answer=receipt.answer[:1000],
        tries=1,
        created_at=now,
        attempted_at=now,
    )
    again = {
        "state": row.excluded.state,
        "answer": row.excluded.answer,
        "tries": SentMail.tries + 1,
        "attempted_at": row.excluded.attempted_at,
    }
    db.execute(row.on_conflict_do_update(index_elements=["message_id", "address"], set_=again))


def listed(
    db: Session, *, words: str = "", state: str = "", before: int | None = None, limit: int = PAGE
) -> Sequence[SentMail]:
    """The log, the newest line first; `before` is the id of the last line seen."""
    query = select(SentMail).order_by(SentMail.id.desc()).limit(limit)
    if words:
        query = query.where(SentMail.address.contains(words.strip().lower(), autoescape=True))
    if state:
        query = query.where(SentMail.state == state)
    if before is not None:
        query = query.where(SentMail.id < before)
    return db.scalars(query).all()


def sweep(db: Session, now: datetime, days: int) -> None:
    """Forget lines older than so many days."""
    db.execute(
        delete(SentMail)
        .where(SentMail.attempted_at < now - timedelta(days=days))
        .execution_options(synchronize_session=False)
    )
