"""Who asks, and what they may: a session id in a signed cookie, rules from the core's map."""

from __future__ import annotations

from typing import Any

from pyramid.security import Allowed, Denied

from llmio.accounts import sessions
from llmio.core.context import Identity
from llmio.core.permissions import Permission

WATCHING = frozenset(("/up", "/health", "/metrics"))
"""What is said there is the same for everybody, and said also while the database, which knows who asks, is silent."""


class SecurityPolicy:
    """Pyramid's question answered by `core.permissions`."""

    def identity(self, request: Any) -> Identity | None:
        """The signed-in person; asked once per request."""
        return request.identity_once

    def authenticated_userid(self, request: Any) -> int | None:
        """Their id."""
        identity = self.identity(request)
        return identity.id if identity else None

    def permits(self, request: Any, context: Any, permission: str) -> Allowed | Denied:
        """Whether the rules allow it."""
        if request.ctx.can(Permission(permission), context):
            return Allowed(permission)
        return Denied(permission)

    def remember(self, request: Any, userid: int, **kw: Any) -> list[tuple[str, str]]:
        """Put a session id into a fresh cookie session, so that no one can fix it beforehand."""
        request.session.invalidate()
        request.session["sid"] = kw["session_id"]
        return []

    def forget(self, request: Any, **kw: Any) -> list[tuple[str, str]]:
        """Forget all about this browser."""
        request.session.invalidate()
        return []


def load_identity(request: Any) -> Identity | None:
    """Request property `identity_once`."""
    session_id = request.session.get("sid")
    if not session_id or (request.path_info in WATCHING and request.method in ("GET", "HEAD")):
        return None
    return sessions.identify(request.dbsession, session_id, request.app.ports.clock.now())
