"""What was read where it stands need not wait in the bell: its notices are marked as seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, update

from llmio.core.tables import Event
from llmio.discussions.models import Reaction
from llmio.notifications.models import Notification

if TYPE_CHECKING:
    from llmio.core.context import Context


def on_seen(ctx: Context, records: Mapping[str, Collection[int]]) -> None:
    """Mark the actor's notices of these records, and of reactions to them; open pages count them off the bell."""
    actor_id = ctx.signed_in().id
    query = update(Notification).where(
        Notification.user_id == actor_id, Notification.viewed.is_(False), Notification.event_id.in_(events_of(records))
    )
    query = query.values(viewed=True, updated_at=ctx.now).execution_options(synchronize_session=False)
    marked = ctx.db.scalars(query.returning(Notification.event_id)).all()
    if marked:
        notice = {"notifications": [{"event_id": event_id, "viewed": True} for event_id in marked]}
        ctx.tm.get().addAfterCommitHook(_push, args=(ctx, actor_id, notice))


def events_of(records: Mapping[str, Collection[int]]) -> Select[Any]:
    """The ids of all events about records, or about reactions to them."""
    own: list[ColumnElement[bool]] = []
    reacted: list[ColumnElement[bool]] = []
    for record_type, ids in records.items():
        own.append(and_(Event.eventable_type == record_type, Event.eventable_id.in_(ids)))
        reacted.append(and_(Reaction.reactable_type == record_type, Reaction.reactable_id.in_(ids)))
    reactions = select(Reaction.id).where(or_(*reacted))
    of_reactions = and_(Event.eventable_type == "Reaction", Event.eventable_id.in_(reactions))
    return select(Event.id).where(or_(*own, of_reactions))


def _push(committed: bool, ctx: Context, user_id: int, notice: Mapping[str, Any]) -> None:  # noqa: FBT001  # the hook's signature
    if committed:
        ctx.ports.live.publish(f"user-{user_id}", notice)
