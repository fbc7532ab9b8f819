"""One's own address for a group: whoever writes to it starts a thread there, in one's name. The key in it proves who writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.accounts.keys import new_token
from llmio.accounts.models import User
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups.models import Group
from llmio.groups.views import frame

PAGE = "llmio:web/templates/mail_in/personal.jinja2"
KEY_LENGTH = 10
"""As the reference makes them."""
View = Mapping[str, Any]


def address(request: Any, group: Group, user: User) -> str:
    """The address; empty where no mail comes in, the group has no handle, or threads by mail are switched off."""
    settings = request.app.settings
    host = settings.text("mail.reply_host")
    off = settings.on("features.disable_thread_from_mail", group.id, group.parent_id)
    if not host or not group.handle or not user.email_api_key or off:
        return ""
    return f"{group.handle}+u={user.id}&k={user.email_api_key}@{host}"


@view_config(route_name="mail.personal", renderer=PAGE, permission=Permission.DISCUSSION_CREATE)
def show(group: Group, request: Any) -> View:
    """Show it."""
    me = request.ctx.db.get_one(User, request.ctx.signed_in().id)
    return {**frame(group, request), "address": address(request, group, me)}


@view_config(route_name="mail.personal", request_method="POST", permission=Permission.DISCUSSION_CREATE)
def renew(group: Group, request: Any) -> Any:
    """Make another key: addresses with the old one, of all groups and of mails sent so far, end to work."""
    me = request.ctx.db.get_one(User, request.ctx.signed_in().id)
    me.email_api_key = new_token(KEY_LENGTH)
    request.flash("success", _("You have new addresses. The old ones no longer work."))
    return request.see_other("mail.personal", key=group.key)
