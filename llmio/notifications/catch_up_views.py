"""Links in summaries: mark what one told of as read; no more of them. Both without signing in, by the person's token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from pyramid.response import Response
from pyramid.view import view_config

from llmio.accounts.models import User
from llmio.core.errors import NotFound
from llmio.core.i18n import _, ngettext
from llmio.core.permissions import Permission
from llmio.notifications import volumes
from llmio.notifications.catch_up import service
from llmio.notifications.catch_up.digest import MOST_THREADS
from llmio.notifications.catch_up.models import CatchUp

CAUGHT_UP = "llmio:web/templates/notifications/caught_up.jinja2"
STOP = "llmio:web/templates/notifications/stop_catch_up.jinja2"


def of_summary(request: Any) -> tuple[User, CatchUp]:
    """Route factory: whose summary, and which."""
    user = volumes.user_of(request.ctx, request.matchdict["token"])
    try:
        day = date.fromisoformat(request.matchdict["day"])
    except ValueError:
        raise NotFound(_("There is no such day.")) from None
    row = request.ctx.db.get(CatchUp, (user.id, day)) if user is not None else None
    if user is None or row is None:
        raise NotFound(
            _("This link is no longer valid. What you have read is marked when you open it after signing in.")
        )
    return user, row


@view_config(route_name="notifications.caught_up", renderer=CAUGHT_UP, permission=Permission.PUBLIC)
def ask(context: tuple[User, CatchUp], request: Any) -> Mapping[str, Any]:
    """The page behind the link, with the button. Opening it changes nothing, since mail scanners open links."""
    user, row = context
    return {"person": user, "row": row, "done": request.params.get("done") == "1"}


@view_config(
    route_name="notifications.caught_up", request_method="POST", permission=Permission.PUBLIC, require_csrf=False
)
def mark_read(context: tuple[User, CatchUp], request: Any) -> Any:
    """Mark it read. The token in the address stands for the person, so no cookie is asked for."""
    user, row = context
    named = request.params.get("threads", "").split(".")[:MOST_THREADS]
    count = service.mark_read(request.ctx, user, row, [int(one) for one in named if re.fullmatch(r"[0-9]{1,9}", one)])
    request.flash(
        "success", ngettext("{count} thread is marked as read.", "{count} threads are marked as read.", count)
    )
    return request.see_other(f"{request.path}?done=1")


@view_config(route_name="notifications.stop_catch_up", renderer=STOP, permission=Permission.PUBLIC)
def ask_to_stop(context: tuple[User, Any], request: Any) -> Mapping[str, Any]:
    """No more summaries? The page with the button."""
    user, _place = context
    return {"person": user, "done": user.email_catch_up_day is None}


@view_config(
    route_name="notifications.stop_catch_up", request_method="POST", permission=Permission.PUBLIC, require_csrf=False
)
def stop(context: tuple[User, Any], request: Any) -> Any:
    """No more summaries: by the page's button, or by the mail program's one click (RFC 8058)."""
    user, _place = context
    user.email_catch_up_day = None
    user.email_catch_up = False
    if request.POST.get("List-Unsubscribe") == "One-Click":
        return Response("ok", content_type="text/plain")
    return request.see_other(request.path)
