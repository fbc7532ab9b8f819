"""Who may do what cannot be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.accounts.rules import is_self
from llmio.core.permissions import Permission, site_admin
from llmio.files.models import Attachment, Document
from llmio.groups.rules import is_admin, is_parent_admin, kept
from llmio.upkeep.service.exports import FOR_GROUP

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context
    from llmio.files.models import Blob
    from llmio.groups.models import Group


def is_own_export(ctx: Context, blob: Blob) -> bool:
    """It is an export that the actor asked for."""
    query = (
        select(Document.id)
        .join(Attachment, (Attachment.record_type == "Document") & (Attachment.record_id == Document.id))
        .where(Attachment.blob_id == blob.id, Document.model_type == FOR_GROUP, Document.author_id == ctx.actor_id)
    )
    return ctx.actor is not None and ctx.db.scalar(query.limit(1)) is not None


def leads_organisation(ctx: Context, group: Group) -> bool:
    """The actor is an admin of the group, or of the one it belongs to: tags are the organisation's."""
    return is_parent_admin(ctx, group) if group.parent_id else is_admin(ctx, group)


def register(app: App) -> None:
    """Fill the rule map."""
    app.add_rule(Permission.USER_REDACT, is_self, site_admin)
    app.add_rule(Permission.USER_MERGE, is_self, site_admin)
    app.add_rule(Permission.GROUP_DESTROY, (kept, is_admin), site_admin)
    app.add_rule(Permission.FILE_SHOW, is_own_export)
    app.add_rule(Permission.GROUP_EXPORT, (kept, is_admin), site_admin)
    app.add_rule(Permission.GROUP_TAGS, (kept, leads_organisation))
