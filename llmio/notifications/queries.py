"""Look-ups for the bell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.orm import joinedload

from llmio.core.tables import Event
from llmio.notifications.models import Notification

if TYPE_CHECKING:
    from llmio.core.context import Context

LIMIT = 50


def unread_count(ctx: Context, user_id: int) -> int:
    """How many notices wait; counted no further than 100."""
    newest = (
        select(Notification.id)
        .where(Notification.user_id == user_id, Notification.viewed.is_(False))
        .limit(100)
        .subquery()
    )
    return int(ctx.db.scalar(select(func.count()).select_from(newest)) or 0)


def recent(ctx: Context, user_id: int, *, limit: int = LIMIT) -> Sequence[Notification]:
    """The newest notices of a person, with event and actor."""
    query = (
        select(Notification)
        .options(joinedload(Notification.event), joinedload(Notification.actor))
        .where(Notification.user_id == user_id)
        .order_by(Notification.id.desc())
        .limit(limit)
    )
    return ctx.db.scalars(query).all()


def mark_viewed(ctx: Context, user_id: int, *, event_ids: Sequence[int] | None = None) -> None:
    """All notices of a person (or those of some events) were seen."""
    query = update(Notification).where(Notification.user_id == user_id, Notification.viewed.is_(False))
    if event_ids is not None:
        query = query.where(Notification.event_id.in_(event_ids))
    ctx.db.execute(query.values(viewed=True).execution_options(synchronize_session=False))


def mark_record_viewed(ctx: Context, user_id: int, record_type: str, record_id: int) -> None:
    """A person has seen a record: its notices are old news."""
    events = select(Event.id).where(Event.eventable_type == record_type, Event.eventable_id == record_id)
    query = update(Notification).where(
        Notification.user_id == user_id, Notification.viewed.is_(False), Notification.event_id.in_(events)
    )
    ctx.db.execute(query.values(viewed=True).execution_options(synchronize_session=False))
