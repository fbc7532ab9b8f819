"""Messages that wait for a plugin: found again when it is back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import not_, select

from llmio.notifications.deliveries import Delivery, Status
from llmio.notifications.sending import BROKE

if TYPE_CHECKING:
    from llmio.core.context import Context

BATCH = 500
ABSENCES = "absences"
"""Registry of the App: recipient type → function of (ctx, ids) that gives the ids whose plugin is absent."""


def back(ctx: Context, *, mended: bool, after: int) -> tuple[Sequence[Delivery], int]:
    """Parked messages whose plugins are there again, made to wait for sending, and where to go on (0: at the end).

    Those whose plugin was there and failed come along where it may have been `mended`: this process has just started.
    """
    query = select(Delivery).where(Delivery.status == Status.PARKED, Delivery.id > after)
    if not mended:
        query = query.where(not_(Delivery.data.has_key(BROKE)))
    rows = ctx.db.scalars(query.order_by(Delivery.id).limit(BATCH).with_for_update(skip_locked=True)).all()
    absent = _absent(ctx, rows)
    found = [
        row
        for row in rows
        if row.notifier in ctx.app.plugins.notifiers and row.recipient_id not in absent.get(row.recipient_type, ())
    ]
    for row in found:
        if BROKE in row.data:
            row.attempts, row.data = 0, {key: value for key, value in row.data.items() if key != BROKE}
        row.status, row.answer = Status.PENDING, ""
    return found, rows[-1].id if len(rows) == BATCH else 0


def _absent(ctx: Context, rows: Sequence[Delivery]) -> dict[str, set[int]]:
    ask = ctx.app.extras.get(ABSENCES, {})
    ids: dict[str, set[int]] = {}
    for row in rows:
        ids.setdefault(row.recipient_type, set()).add(row.recipient_id)
    return {kind: ask[kind](ctx, found) for kind, found in ids.items() if kind in ask}
