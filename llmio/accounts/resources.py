"""Addresses of people → loaded person, or 404."""

from __future__ import annotations

from typing import Any

from llmio.accounts import queries
from llmio.accounts.models import User
from llmio.core.errors import NotFound
from llmio.core.i18n import _


def person(request: Any) -> User:
    """`/u/{username}`; nobody is told of closed accounts or of people who have not come yet."""
    user = queries.by_username(request.dbsession, request.matchdict["username"])
    if user is None or user.deactivated_at is not None or not user.email_verified:
        raise NotFound(_("Nobody here has this name."))
    return user
