"""A group's page of mails that wait for an admin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from pyramid.view import view_config

from llmio.core.forms import Form, form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups import queries as groups
from llmio.groups.models import Group, MemberEmailAlias
from llmio.groups.views import frame
from llmio.mail.incoming import resources, waiting
from llmio.mail.models import ReceivedEmail

PAGE = "llmio:web/templates/mail_in/waiting.jinja2"
MOST_MEMBERS = 1000
View = Mapping[str, Any]


class AllowForm(Form):
    """Whose mail it is."""

    user_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


@view_config(route_name="mail.waiting", renderer=PAGE, permission=Permission.GROUP_UPDATE)
def index(group: Group, request: Any) -> View:
    """What waits, and what was decided before."""
    ctx = request.ctx
    host = ctx.app.settings.text("mail.reply_host")
    mails = waiting.waiting(ctx, group)
    aliases = waiting.aliases(ctx, group)
    members = groups.members(ctx, group, limit=MOST_MEMBERS) if mails else []
    return {
        **frame(group, request),
        "mails": mails,
        "waiting_count": waiting.count(ctx, group),
        "aliases": aliases,
        "present": waiting.present(ctx, group, aliases),
        "members": [(one.user_id, one.user.name or one.user.email) for one in members],
        "address": f"{group.handle}@{host}" if host and group.handle else "",
        "failed_id": None,
    }


def again(row: ReceivedEmail, request: Any) -> View:
    """The page with a refused form."""
    fresh = resources.received(request)
    return {**index(fresh.group, request), "failed_id": fresh.id}


@view_config(route_name="mail.allow", renderer=PAGE, request_method="POST", permission=Permission.SIGNED_IN)
@form_view(again)
def allow(row: ReceivedEmail, request: Any) -> Any:
    """Post it as a member's."""
    thread = waiting.allow(request.ctx, row, user_id=parse(AllowForm, request.POST).user_id)
    request.flash("success", _("Posted. Mail from this address comes in by itself from now on."))
    return request.see_other(f"/d/{thread.key}")


@view_config(route_name="mail.block", renderer=PAGE, request_method="POST", permission=Permission.SIGNED_IN)
@form_view(again)
def block(row: ReceivedEmail, request: Any) -> Any:
    """Take no more from this sender."""
    key = row.group.key if row.group else ""
    address = waiting.block(request.ctx, row)
    request.flash("success", _("Mail from {address} to this group is dropped from now on.", address=address))
    return request.see_other("mail.waiting", key=key)


@view_config(route_name="mail.delete", renderer=PAGE, request_method="POST", permission=Permission.SIGNED_IN)
@form_view(again)
def delete(row: ReceivedEmail, request: Any) -> Any:
    """Delete this one."""
    key = row.group.key if row.group else ""
    waiting.discard(request.ctx, row)
    request.flash("success", _("Deleted."))
    return request.see_other("mail.waiting", key=key)


@view_config(route_name="mail.remove_alias", request_method="POST", permission=Permission.SIGNED_IN)
def remove_alias(found: MemberEmailAlias, request: Any) -> Any:
    """Forget what was decided."""
    key = found.group.key
    waiting.remove_alias(request.ctx, found)
    request.flash("success", _("Removed. The next mail from this address waits for an admin."))
    return request.see_other("mail.waiting", key=key)
