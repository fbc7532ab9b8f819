"""A browser is let in and out: the session row, and its id in the signed cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.security import forget, remember

from llmio.accounts import sessions
from llmio.accounts.service import signing

if TYPE_CHECKING:
    from llmio.accounts.models import User
    from llmio.core.context import Identity


def sign_in(request: Any, user: User) -> Identity:
    """Open a session for this browser; from here on `request.ctx` acts as the person.

    The cookie gets a new session id and loses all else, so that nobody can have planted one beforehand.
    """
    ctx = request.ctx
    if ctx.actor is not None and ctx.actor.session_id:
        sessions.end_session(ctx, ctx.actor.session_id)
    row = signing.open_session(ctx, user, user_agent=request.user_agent or "", ip=request.client_ip)
    request.response.headerlist.extend(remember(request, user.id, session_id=row.id))
    ctx.actor = sessions.identity_of(user, session_id=row.id)
    ctx.memo.clear()
    return ctx.actor


def sign_out(request: Any) -> None:
    """End this browser's session."""
    ctx = request.ctx
    if ctx.actor is not None and ctx.actor.session_id:
        sessions.end_session(ctx, ctx.actor.session_id)
    request.response.headerlist.extend(forget(request))
    ctx.actor = None


def keep(request: Any) -> None:
    """Commit what was written so far although the answer will be a refusal (a wrong password must be counted)."""
    request.tm.commit()
    request.tm.begin()
