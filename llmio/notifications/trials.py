"""Tests of a connection: asked for on a page, sent by a job, the answer shown there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from llmio.core.outbox import writable
from llmio.plugins import Headline, Html, Markdown, Message, Outcome, Plain, Sent, Title

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.notifications.models import Tested

PENDING, SENT, FAILED = "pending", "sent", "failed"
PATIENCE = timedelta(seconds=90)
"""Without an answer for so long, a test is taken for lost and may be asked for again."""


def begin(ctx: Context, row: Tested) -> bool:
    """Note that somebody wants a greeting sent; False where one is on its way."""
    if is_pending(ctx, row):
        return False
    row.test_asked_at, row.test_state, row.test_answer, row.test_ended_at = ctx.now, PENDING, "", None
    ctx.db.flush()
    return True


def is_pending(ctx: Context, row: Tested) -> bool:
    """Whether a test is on its way, and not lost."""
    return row.test_state == PENDING and row.test_asked_at is not None and row.test_asked_at > ctx.now - PATIENCE


def end(ctx: Context, row: Tested | None, outcome: Outcome) -> None:
    """Write down what was answered, where somebody waits for it."""
    if row is not None and row.test_state == PENDING:
        good = isinstance(outcome, Sent)
        answer = outcome.answer if isinstance(outcome, Sent) else outcome.reason
        row.test_state, row.test_answer, row.test_ended_at = SENT if good else FAILED, writable(answer)[:300], ctx.now


def greeting(text: str, title: str, url: str, data: Mapping[str, Any] | None = None) -> Message:
    """What a test says: a line, and a link with a title."""
    parts = (Headline(text), Title(title, url))
    return Message(
        "test",
        text,
        Plain().render(parts),
        html=Html().render(parts),
        markdown=Markdown().render(parts),
        url=url,
        data=data or {},
        parts=parts,
        id=f"test_{uuid4().hex}",
    )
