"""Counting what a person does in an hour or a day, in Redis; while that is down nobody is refused.

Counters have the reference's names, `THROTTLE-DAY-<key>-<id>`, and end with their hour or day of UTC, as it ends them.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from redis.exceptions import RedisError

from llmio.core.errors import LlmioError

if TYPE_CHECKING:
    from llmio.core.context import Context

log = logging.getLogger(__name__)
Span = Literal["HOUR", "DAY"]
SPANS: Final = {"HOUR": timedelta(hours=1), "DAY": timedelta(days=1)}
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Reached(LlmioError):
    """More than is left: `left` of the span could still be taken; `ends` is when it begins anew."""

    status = 429

    def __init__(self, left: int, ends: datetime) -> None:
        super().__init__(f"{left} left until {ends.isoformat()}")
        self.left = left
        self.ends = ends


def take(ctx: Context, key: str, subject: int, *, count: int, most: int, span: Span = "DAY") -> None:
    """Count `count` for a subject (an id), all or nothing; raises Reached where `most` would be passed.

    What is taken is given back where the transaction does not commit: what was not done does not count.
    """
    name = f"THROTTLE-{span}-{key}-{subject}"
    ends = ctx.now - (ctx.now - EPOCH) % SPANS[span] + SPANS[span]
    reached = _add(ctx, name, key, count, ends)
    if reached is None:
        return
    if reached > most:
        _add(ctx, name, key, -count, ends)
        raise Reached(max(0, most - (reached - count)), ends)
    done: list[bool] = []

    def settle(committed: bool = False) -> None:  # noqa: FBT001, FBT002  # as hooks are called
        if not committed and not done:
            _add(ctx, name, key, -count, ends)
        done.append(committed)

    transaction = ctx.tm.get()
    transaction.addAfterCommitHook(settle)
    transaction.addAfterAbortHook(settle)


def _add(ctx: Context, name: str, key: str, count: int, ends: datetime) -> int | None:
    """What the counter holds afterwards; None where Redis does not answer."""
    if ctx.app.redis is None:
        return None
    try:
        with ctx.app.redis.pipeline() as pipe:
            pipe.incrby(name, count)
            pipe.expire(name, max(1, int((ends - ctx.now).total_seconds())))
            return int(pipe.execute()[0])
    except (RedisError, OSError):
        log.warning("cannot count %s: Redis does not answer", key)
        return None
