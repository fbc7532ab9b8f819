"""How fast a channel is sent to: so many messages a minute, a few at once, none while it asked for rest.

The generic cell rate algorithm with one row a channel: https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from llmio.core.settings import Setting

if TYPE_CHECKING:
    from llmio.core.context import Context

SETTINGS = (
    Setting(
        "webhooks.per_minute",
        "LLMIO_WEBHOOKS_PER_MINUTE",
        "int",
        default=30,
        help="Messages to one chat or webhook in a minute; what is beyond waits its turn. 0: no limit.",
    ),
)
BURST = 5
"""Messages that may follow each other at once."""
RESERVE = text(
    "INSERT INTO llmio.channel_paces AS p (lane, next_at) VALUES (:lane, :now + :gap) "
    "ON CONFLICT (lane) DO UPDATE SET next_at = greatest(p.next_at, :now) + :gap RETURNING next_at, held_until"
)
HOLD = text(
    "INSERT INTO llmio.channel_paces AS p (lane, next_at, held_until) VALUES (:lane, :now, :until) "
    "ON CONFLICT (lane) DO UPDATE SET held_until = greatest(p.held_until, excluded.held_until)"
)
HELD = text("SELECT held_until FROM llmio.channel_paces WHERE lane = :lane AND held_until > :now")


def reserve(ctx: Context, lane: str) -> datetime:
    """Take the next turn; the moment it comes, which is now where the channel is not busy."""
    per_minute = max(0, ctx.app.settings.number("webhooks.per_minute"))
    gap = timedelta(seconds=60 / per_minute) if per_minute else timedelta(0)
    row = ctx.db.execute(RESERVE, {"lane": lane, "now": ctx.now, "gap": gap}).one()
    turn = row.next_at - gap * BURST
    return max(turn, row.held_until or turn, ctx.now)


def hold(ctx: Context, lane: str, seconds: float) -> None:
    """Let a channel rest: it is out of order, or asked for it."""
    ctx.db.execute(HOLD, {"lane": lane, "now": ctx.now, "until": ctx.now + timedelta(seconds=seconds)})


def held_until(ctx: Context, lane: str) -> datetime | None:
    """Until when a channel rests; None where it does not."""
    found: datetime | None = ctx.db.scalar(HELD, {"lane": lane, "now": ctx.now})
    return found
