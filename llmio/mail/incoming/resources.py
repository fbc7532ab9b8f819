"""URL → the mail or address it names; 404 for all but admins of its group."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import joinedload

from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups.models import MemberEmailAlias
from llmio.mail.models import ReceivedEmail


def received(request: Any) -> ReceivedEmail:
    """Route factory: `/received_emails/{id}…`, for admins of its group alone."""
    found = request.ctx.db.get(
        ReceivedEmail, int(request.matchdict["id"][:18]), options=[joinedload(ReceivedEmail.group)]
    )
    if found is None or found.group is None or not request.ctx.can(Permission.GROUP_UPDATE, found.group):
        raise NotFound(_("There is no such mail."))
    return found


def alias(request: Any) -> MemberEmailAlias:
    """Route factory: `/member_email_aliases/{id}…`, for admins of its group alone."""
    found = request.ctx.db.get(
        MemberEmailAlias, int(request.matchdict["id"][:18]), options=[joinedload(MemberEmailAlias.group)]
    )
    if found is None or not request.ctx.can(Permission.GROUP_UPDATE, found.group):
        raise NotFound(_("There is no such address."))
    return found
