"""What groups do about changes elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.accounts.models import User
from llmio.core.jobs import job
from llmio.groups import membership

if TYPE_CHECKING:
    from llmio.core.context import Context


@job("groups.account_changed")
def account_changed(ctx: Context, _record_type: str, user_id: int) -> None:
    """Take a person whose account was closed out of every group."""
    user = ctx.db.get(User, user_id)
    if user is not None and user.deactivated_at is not None:
        membership.end_memberships(ctx, user)
