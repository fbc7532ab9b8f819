"""How fast a channel is sent to: so many messages a minute, a few at once, none while it rests.

A channel rests because it asked for it, or because what was sent did not arrive: then longer with each further failure, and
afterwards one message tries whether it is back.

The generic cell rate algorithm with one row a channel: https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm.
"""

from __future__ import annotations

from dataclasses import dataclass
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
        within=(0, 1000000),
    ),
)
BURST = 5
"""Messages that may follow each other at once."""
RESERVE = text(
    "INSERT INTO llmio.channel_paces AS p (lane, next_at) VALUES (:lane, :now + :gap) "
    "ON CONFLICT (lane) DO UPDATE SET next_at = greatest(p.next_at, :now) + :gap RETURNING next_at, held_until, failures"
)
FAIL = text(
    "INSERT INTO llmio.channel_paces AS p (lane, next_at, failures) VALUES (:lane, :now, 1) "
    "ON CONFLICT (lane) DO UPDATE SET failures = p.failures + 1 RETURNING failures"
)
HOLD = text(
    "UPDATE llmio.channel_paces SET held_until = greatest(held_until, cast(:until AS timestamptz)) WHERE lane = :lane"
)
WELL = text("UPDATE llmio.channel_paces SET failures = 0 WHERE lane = :lane AND failures <> 0")
STATE = text("SELECT held_until, failures FROM llmio.channel_paces WHERE lane = :lane")
FIRST_REST, LONGEST_REST, LONGEST_ASKED = 10.0, 300.0, 3600.0
"""Seconds of rest after the first failure in a row, after many, and where the channel itself said how long."""


@dataclass(frozen=True)
class Turn:
    """When the next message may go, and whether the channel is out of order: then one at a time tries."""

    at: datetime
    ailing: bool


def reserve(ctx: Context, lane: str) -> Turn:
    """Take the next turn; it comes now where the channel is not busy."""
    per_minute = max(0, ctx.app.settings.number("webhooks.per_minute"))
    gap = timedelta(seconds=60 / per_minute) if per_minute else timedelta(0)
    row = ctx.db.execute(RESERVE, {"lane": lane, "now": ctx.now, "gap": gap}).one()
    turn = row.next_at - gap * BURST
    return Turn(max(turn, row.held_until or turn, ctx.now), row.failures > 0)


def look(ctx: Context, lane: str) -> Turn:
    """Whether the channel rests, for a message that has had its turn."""
    row = ctx.db.execute(STATE, {"lane": lane}).one_or_none()
    return Turn(max(row.held_until or ctx.now, ctx.now), row.failures > 0) if row else Turn(ctx.now, ailing=False)


def failed(ctx: Context, lane: str, asked: float | None) -> None:
    """Let a channel rest: as many seconds as it asked for, else longer with each failure in a row."""
    failures = ctx.db.scalar(FAIL, {"lane": lane, "now": ctx.now}) or 1
    rest = min(asked, LONGEST_ASKED) if asked is not None else min(FIRST_REST * 3.0 ** (failures - 1), LONGEST_REST)
    ctx.db.execute(HOLD, {"lane": lane, "until": ctx.now + timedelta(seconds=rest)})


def answered(ctx: Context, lane: str) -> None:
    """The channel is there."""
    ctx.db.execute(WELL, {"lane": lane})
