"""Where things go in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core.errors import Invalid, NotFound
from llmio.core.i18n import _
from llmio.core.tables import Event
from llmio.discussions import kinds, queries
from llmio.discussions.models import Discussion

if TYPE_CHECKING:
    from llmio.core.context import Context

PARENTS = frozenset(("Discussion", "Comment", "Poll", "Stance", "Outcome"))


def root_of(ctx: Context, discussion: Discussion) -> Event:
    """The event that the thread hangs from; made where older data has none."""
    found = queries.event_of(ctx, "Discussion", discussion.id)
    if found is None:
        found = Event(
            kind=kinds.NEW_DISCUSSION.name,
            eventable_type="Discussion",
            eventable_id=discussion.id,
            user_id=discussion.author_id,
            created_at=discussion.created_at or ctx.now,
            depth=0,
            position=0,
            custom_fields={},
        )
        ctx.db.add(found)
        ctx.db.flush()
    return found


def parent_of(ctx: Context, discussion: Discussion, record_type: str, record_id: int) -> Event:
    """The event of what is answered; it must be in this thread, and the actor must see it."""
    if record_type not in PARENTS:
        raise Invalid.at("parent_type", _("This cannot be answered."))
    if record_type == "Discussion":
        return root_of(ctx, discussion)
    item = ctx.app.timeline.get(record_type)
    seen = item.load(ctx, [record_id]) if item else {}
    event = queries.event_of(ctx, record_type, record_id) if record_id in seen else None
    if event is None or event.discussion_id != discussion.id:
        raise NotFound(_("What you answer is not there any more."))
    if record_type == "Comment" and getattr(seen[record_id], "discarded_at", None) is not None:
        raise Invalid.at("body", _("The comment you answer was removed meanwhile."))
    return event
