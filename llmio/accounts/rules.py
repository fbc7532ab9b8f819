"""Who may see and change an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core.permissions import Permission, signed_in

if TYPE_CHECKING:
    from llmio.accounts.models import User
    from llmio.core.app import App
    from llmio.core.context import Context


def is_self(ctx: Context, user: User) -> bool:
    """The account is the actor's own."""
    return ctx.actor is not None and user is not None and ctx.actor.id == user.id


def is_active(_ctx: Context, user: User) -> bool:
    """The account is open, and was taken up by its owner."""
    return user.deactivated_at is None and user.email_verified


def add_rules(app: App) -> None:
    """Give the App these rules."""
    app.add_rule(Permission.USER_SHOW, (signed_in, is_active))
    app.add_rule(Permission.USER_UPDATE, is_self)
