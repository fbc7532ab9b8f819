"""Notices that did not reach the other side, and sending them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from llmio.accounts.models import User
from llmio.core.errors import Conflict, NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.integrations.models import Chatbot
from llmio.notifications import jobs
from llmio.notifications.deliveries import Delivery, Status
from llmio.notifications.service import EMAIL

if TYPE_CHECKING:
    from llmio.core.context import Context

PAGE = 20
STUCK = (Status.DEAD, Status.PARKED)


@dataclass(frozen=True)
class Line:
    """One notice as the page shows it: to whom, of what kind of event."""

    delivery: Delivery
    to: str
    kind: str


@dataclass(frozen=True)
class Page:
    """Some notices of a longer list."""

    rows: Sequence[Line]
    total: int
    page: int = 1

    @property
    def more(self) -> bool:
        """Whether further ones follow."""
        return self.page * PAGE < self.total


def listed(ctx: Context, *, page: int = 1) -> Page:
    """Notices that were refused for good or whose notifier is absent, the latest first; at most five queries."""
    ctx.require(Permission.ADMIN)
    stuck = Delivery.status.in_(STUCK)
    total = ctx.db.scalar(select(func.count()).select_from(Delivery).where(stuck)) or 0
    query = select(Delivery).where(stuck).order_by(Delivery.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    rows = ctx.db.scalars(query).all() if total else ()
    names = _names(ctx, rows)
    kinds = select(Event.id, Event.kind).where(Event.id.in_([row.event_id for row in rows]))
    known = {row.id: row.kind or "" for row in ctx.db.execute(kinds)} if rows else {}
    lines = [
        Line(row, names.get((row.recipient_type, row.recipient_id), ""), known.get(row.event_id, "")) for row in rows
    ]
    return Page(lines, total, page)


def send_again(ctx: Context, delivery_id: int) -> Delivery:
    """Have a notice sent once more, with all its tries; Conflict where it is no longer stuck."""
    ctx.require(Permission.ADMIN)
    row = ctx.db.scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(_("There is no such message."))
    if row.status not in STUCK:
        raise Conflict(_("This message was sent, or is on its way again."))
    _again(ctx, [row])
    return row


def send_all_again(ctx: Context) -> int:
    """The same for all that were refused for good; how many."""
    ctx.require(Permission.ADMIN)
    query = select(Delivery).where(Delivery.status == Status.DEAD).with_for_update(skip_locked=True)
    return _again(ctx, ctx.db.scalars(query))


def _again(ctx: Context, rows: Iterable[Delivery]) -> int:
    count = 0
    for row in rows:
        row.status, row.attempts = Status.PENDING, 0
        ctx.enqueue(jobs.deliver if row.notifier == EMAIL else jobs.deliver_to_channel, row.id)
        count += 1
    return count


def _names(ctx: Context, rows: Sequence[Delivery]) -> Mapping[tuple[str, int], str]:
    ids = {kind: [row.recipient_id for row in rows if row.recipient_type == kind] for kind in ("User", "Chatbot")}
    found = {}
    if ids["User"]:
        for user in ctx.db.execute(select(User.id, User.name, User.email).where(User.id.in_(ids["User"]))):
            found["User", user.id] = f"{user.name or ''} <{user.email or ''}>".strip()
    if ids["Chatbot"]:
        for bot in ctx.db.execute(select(Chatbot.id, Chatbot.name).where(Chatbot.id.in_(ids["Chatbot"]))):
            found["Chatbot", bot.id] = bot.name or ""
    return found
