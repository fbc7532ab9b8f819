"""URL → the poll or outcome it names; 404 where there is none the actor may see."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from llmio.core.context import Context
from llmio.core.errors import NotFound, SignInNeeded
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.polls import outcome_guests, queries, rules
from llmio.polls.models import Outcome, Poll, Stance


def poll(request: Any) -> Poll:
    """`/p/{key}…`."""
    found = queries.by_key(request.ctx, request.matchdict["key"])
    if found is not None:
        hold_token(request, found)
        hold_outcome_token(request, found)
    return known(request.ctx, found)


def known(ctx: Context, found: Poll | None) -> Poll:
    """The poll, if the actor may see it. A missing one is answered like a hidden one, so that the answer tells nothing."""
    if found is not None and ctx.can(Permission.POLL_SHOW, found):
        return found
    if ctx.actor is None:
        raise SignInNeeded(_("Please sign in first."))
    raise NotFound(_("There is no such poll, or it is not for you to see."))


def hold_token(request: Any, found: Poll) -> None:
    """Let who comes by an invitation (`?stance_token=`) see the poll; voting needs signing in still."""
    token = request.params.get("stance_token")
    if not token:
        return
    query = select(Stance.id).where(
        Stance.poll_id == found.id,
        Stance.token == token,
        Stance.latest.is_(True),
        Stance.revoked_at.is_(None),
        Stance.guest.is_(True),
        Stance.cast_at.is_(None),
    )
    if request.ctx.db.scalar(query):
        request.ctx.memo[rules.TOKENS] = frozenset({found.id})


def hold_outcome_token(request: Any, found: Poll) -> None:
    """Let who was sent an outcome (`?outcome_token=`, kept for later pages) see its poll."""
    given = request.params.get(outcome_guests.TOKEN)
    token = given or (request.session.get(outcome_guests.TOKEN) if request.ctx.actor is None else None)
    if not token or not outcome_guests.opens(request.ctx, found.id, str(token)):
        return
    request.ctx.memo[rules.OUTCOME_TOKENS] = frozenset({found.id})
    if request.ctx.actor is None and given and request.session.get(outcome_guests.TOKEN) != given:
        request.session[outcome_guests.TOKEN] = given


def outcome(request: Any) -> Outcome:
    """`/outcomes/{id}…`."""
    query = select(Outcome).options(joinedload(Outcome.author)).where(Outcome.id == int(request.matchdict["id"]))
    found = request.ctx.db.scalars(query).one_or_none()
    of = queries.by_ids(request.ctx, [found.poll_id]) if found is not None and found.poll_id else []
    if of:
        hold_outcome_token(request, of[0])
    known(request.ctx, of[0] if of else None)
    if found is None:
        raise NotFound(_("There is no such outcome."))
    return found
