"""People outside who were sent an outcome by address: they see its poll once it is decided, and nothing else of the group.

They are kept in the event by which the outcome was shared, and their link is signed: there is no place for them in a poll that is over,
where a further voter would change what came of it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select

from llmio.core.tables import Event
from llmio.files.signing import sign
from llmio.polls import kinds
from llmio.polls.models import Outcome

if TYPE_CHECKING:
    from llmio.core.context import Context

KEY = "outcome_guest_ids"
"""In `events.custom_fields`."""
TOKEN = "outcome_token"  # noqa: S105  # the name of a parameter
FORM = re.compile(r"(\d{1,9})-(\d{1,9})-(\w+)")


def guest_ids(ctx: Context, outcome_ids: Iterable[int]) -> set[int]:
    """Those outside who were sent one of these outcomes."""
    query = _sent(select(Event.custom_fields), outcome_ids)
    return {int(user_id) for custom in ctx.db.scalars(query) for user_id in custom[KEY]}


def inviting(user_id: int) -> Select[Any]:
    """Outcomes that were sent to a person outside."""
    kind = Event.kind == kinds.OUTCOME_ANNOUNCED.name
    return select(Event.id).where(kind, Event.custom_fields.contains({KEY: [user_id]}))


def _sent(query: Select[Any], outcome_ids: Iterable[int]) -> Select[Any]:
    return query.where(
        Event.eventable_type == "Outcome",
        Event.eventable_id.in_(list(outcome_ids)),
        Event.kind == kinds.OUTCOME_ANNOUNCED.name,
        Event.custom_fields.has_key(KEY),
    )


def leave_out(ctx: Context, poll_id: int, user_id: int) -> bool:
    """Let somebody see the outcomes of a poll no longer; False where they were sent none."""
    outcomes = select(Outcome.id).where(Outcome.poll_id == poll_id)
    found = False
    for event in ctx.db.scalars(_sent(select(Event), ctx.db.scalars(outcomes)).with_for_update()):
        if user_id in event.custom_fields[KEY]:
            event.custom_fields = event.custom_fields | {
                KEY: [one for one in event.custom_fields[KEY] if one != user_id]
            }
            found = True
    ctx.memo.pop(("polls.outcome_guests", poll_id), None)
    return found


def of_poll(ctx: Context, poll_id: int) -> set[int]:
    """Those outside who were sent an outcome of a poll; asked once."""
    key = ("polls.outcome_guests", poll_id)
    found: set[int] | None = ctx.memo.get(key)
    if found is None:
        outcomes = ctx.db.scalars(select(Outcome.id).where(Outcome.poll_id == poll_id)).all()
        found = ctx.memo[key] = guest_ids(ctx, outcomes) if outcomes else set()
    return found


def token(ctx: Context, outcome_id: int, user_id: int) -> str:
    """What lets a guest see an outcome without signing in."""
    return f"{outcome_id}-{user_id}-{_signature(ctx, outcome_id, user_id)}"


def opens(ctx: Context, poll_id: int, text: str) -> bool:
    """Whether a token lets one see a poll."""
    found = FORM.fullmatch(text)
    if found is None:
        return False
    outcome_id, user_id = int(found[1]), int(found[2])
    if not hmac.compare_digest(found[3].encode(), _signature(ctx, outcome_id, user_id).encode()):
        return False
    outcome = ctx.db.get(Outcome, outcome_id)
    return outcome is not None and outcome.poll_id == poll_id and user_id in of_poll(ctx, poll_id)


def _signature(ctx: Context, outcome_id: int, user_id: int) -> str:
    return sign(ctx, f"outcome:{outcome_id}:{user_id}")
