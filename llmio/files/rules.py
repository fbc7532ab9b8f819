"""Who may do what with files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.accounts.models import User
from llmio.core.permissions import Permission, signed_in
from llmio.files import queries
from llmio.files.models import Blob
from llmio.groups.models import Group

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context


def is_unused_and_own(ctx: Context, blob: Blob) -> bool:
    """Nothing refers to it yet, and the actor uploaded it."""
    return ctx.actor is not None and blob.uploader_id == ctx.actor.id and not queries.uses(ctx, blob.id)


def belongs_to_what_is_seen(ctx: Context, blob: Blob) -> bool:
    """It is attached to something that the actor may see."""
    return any(is_seen(ctx, record_type, record_id) for record_type, record_id in queries.uses(ctx, blob.id))


def is_seen(ctx: Context, record_type: str, record_id: int) -> bool:
    """Whether the actor may see a record; what no feature knows is closed."""
    if record_type == "Group":
        group = ctx.db.get(Group, record_id)
        return group is not None and ctx.can(Permission.GROUP_SHOW, group)
    if record_type == "User":
        user = ctx.db.get(User, record_id)
        return user is not None and (ctx.can(Permission.USER_SHOW, user) or ctx.can(Permission.USER_UPDATE, user))
    item = ctx.app.timeline.get(record_type)
    record: Any = item.load(ctx, [record_id]).get(record_id) if item else None
    return record is not None and getattr(record, "discarded_at", None) is None


def register(app: App) -> None:
    """Fill the rule map."""
    app.add_rule(Permission.FILE_CREATE, signed_in)
    app.add_rule(Permission.FILE_SHOW, is_unused_and_own, belongs_to_what_is_seen)
