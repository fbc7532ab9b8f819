"""How mails about one thread hang together: each names mails that this person really got, the first one first.

Mail programs build their tree by References (RFC 5256, "REFERENCES"): a root that no mail carries would leave a gap at its top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from llmio.core.tables import Event
from llmio.notifications.deliveries import Delivery, Status

if TYPE_CHECKING:
    from llmio.core.context import Context

THREAD, MESSAGE = "mail_thread", "message_id"
"""Keys in a delivery's data."""
DEEPEST = 20
SPACE = 0x7EAD


def references(ctx: Context, row: Delivery, event: Event, thread: str | None, message_id: str) -> list[str]:
    """Ids of the mails above this one: the first that this person got about the thread, then those about what was answered.

    Notes in the delivery that this mail is part of the thread. Of two made at once one waits for the other, so that one is first.
    """
    if thread is None:
        return []
    ctx.db.execute(select(func.pg_advisory_xact_lock(SPACE, func.hashtext(f"{thread}/{row.recipient_id}"))))
    sent = (
        Delivery.recipient_type == row.recipient_type,
        Delivery.recipient_id == row.recipient_id,
        Delivery.notifier == row.notifier,
        Delivery.id != row.id,
        Delivery.data[THREAD].astext == thread,
        Delivery.status.in_([Status.DELIVERED, Status.PENDING]),
    )
    above = _above(ctx, event)
    parents = select(Delivery.event_id, Delivery.data[MESSAGE].astext).where(*sent, Delivery.event_id.in_(above))
    known = {event_id: found for event_id, found in ctx.db.execute(parents)}  # noqa: C416  # rows are no pairs to mypy
    order = (Delivery.data["mail_number"].astext, Delivery.id)
    first = ctx.db.scalar(select(Delivery.data[MESSAGE].astext).where(*sent).order_by(*order).limit(1))
    number = row.data.get("mail_number") or ctx.now.isoformat(timespec="microseconds")
    row.data = {**row.data, THREAD: thread, MESSAGE: message_id, "mail_number": number}
    if first is None or _earlier(ctx, row, first, number):
        return []
    chain = [known[one] for one in reversed(above) if one in known]
    return list(dict.fromkeys([first, *chain]))


def _earlier(ctx: Context, row: Delivery, first: str, number: str) -> bool:
    """Whether this mail, tried again, was made before the one that would be first."""
    made = ctx.db.scalar(
        select(Delivery.data["mail_number"].astext).where(
            Delivery.recipient_id == row.recipient_id, Delivery.data[MESSAGE].astext == first
        )
    )
    return made is not None and number < made


def _above(ctx: Context, event: Event) -> list[int]:
    """Ids of the events above one, the nearest first."""
    found: list[int] = []
    parent = event.parent_id
    while parent is not None and parent not in found and len(found) < DEEPEST:
        found.append(parent)
        parent = ctx.db.scalar(select(Event.parent_id).where(Event.id == parent))
    return found
