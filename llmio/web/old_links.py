"""Links that the reference wrote into mails and texts and that have another address here: they lead to where that is now.

Those that are the same (`/d/KEY`, `/p/KEY`, `/g/KEY`, `/HANDLE`, `/invitations/TOKEN`, `/join/group/TOKEN`, `/login_tokens/TOKEN`,
`/vote/KEY`, files) need nothing here.
"""

from __future__ import annotations

import base64
from typing import Any

from pyramid.httpexceptions import HTTPMovedPermanently
from pyramid.response import Response
from sqlalchemy import select

from llmio.accounts.sessions import identity_of
from llmio.core.context import Context
from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.discussions import resources as threads
from llmio.discussions import service as discussions
from llmio.discussions.models import Discussion, DiscussionReader
from llmio.groups import resources as groups
from llmio.groups.models import Group
from llmio.notifications import volumes
from llmio.notifications.models import Notification
from llmio.polls.models import Poll, Stance

PIXEL = base64.b64decode("R0lGODlhAQABAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
NUMBER = r"\d{1,9}"
ACTS = "unsubscribe|set_group_volume|set_discussion_volume|set_poll_volume"
PLACES: dict[str, Any] = {"discussion": Discussion, "poll": Poll, "group": Group}
GONE = _("This link is no longer valid.")


def includeme(config: Any) -> None:
    """Routes and views; all are open, since they only lead on, and what they lead to asks who comes."""
    for name, pattern, view in (
        ("old.unsubscribe", f"/email_actions/{{act:{ACTS}}}", unsubscribe),
        ("old.summary", "/email_actions/mark_summary_email_as_read", summary),
        ("old.thread_seen", f"/email_actions/mark_discussion_as_read/{{id:{NUMBER}}}/{{event:{NUMBER}}}/{{token}}", thread_seen),
        ("old.notice_seen", f"/email_actions/mark_notification_as_read/{{id:{NUMBER}}}/{{token}}", notice_seen),
        ("old.discussion", f"/discussions/{{id:{NUMBER}}}", discussion),
        ("old.group", f"/groups/{{id:{NUMBER}}}", group),
        ("old.join", "/join/{model:discussion|poll|membership}/{token}", join),
        ("old.merge", "/merge_users/confirm", merge),
        ("old.dashboard", "/dashboard/{filter:[a-z_]+}", dashboard),
    ):  # fmt: skip
        config.add_route(name, pattern, request_method="GET")
        config.add_view(view, route_name=name, permission=Permission.PUBLIC)


def unsubscribe(request: Any) -> Any:
    """The page that turns mail off: of the thread, poll or group that the link names, else of everything."""
    token = request.params.get("unsubscribe_token", "")
    if volumes.user_of(request.ctx, token) is None:
        raise NotFound(_("This link is no longer valid. You can change your e-mail settings after signing in."))
    for kind, model in PLACES.items():
        told = request.params.get(f"{kind}_id") or request.params.get(f"{kind}_key")
        if told:
            which = model.id == int(told) if told.isdecimal() and len(told) < 10 else model.key == told
            found = request.ctx.db.scalar(select(model.id).where(which))
            if found is not None:
                return request.see_other("notifications.unsubscribe_place", token=token, kind=kind, id=found)
    return request.see_other("notifications.unsubscribe", token=token)


def summary(request: Any) -> Any:
    """A summary was read: what is unread stands in the inbox, where it can be marked."""
    return request.see_other("/inbox")


def _pixel() -> Response:
    return Response(PIXEL, content_type="image/gif", cache_control="no-store")


def notice_seen(request: Any) -> Response:
    """The picture in a mail about something that rang the bell: it was seen."""
    user = volumes.user_of(request.ctx, request.matchdict["token"])
    row = request.ctx.db.get(Notification, int(request.matchdict["id"]))
    if user is not None and row is not None and row.user_id == user.id:
        row.viewed = True
    return _pixel()


def thread_seen(request: Any) -> Response:
    """The picture in a mail about an item of a thread: that item was read."""
    ctx = request.ctx
    user = volumes.user_of(ctx, request.matchdict["token"])
    found = ctx.db.get(Discussion, int(request.matchdict["id"]))
    event = ctx.db.get(Event, int(request.matchdict["event"]))
    if user is not None and found is not None and event is not None and event.discussion_id == found.id:
        theirs = Context(ctx.app, ctx.db, ctx.tm, identity_of(user), ctx.now)
        if event.sequence_id and theirs.can(Permission.DISCUSSION_MARK_READ, found):
            discussions.mark_read(theirs, found, ((event.sequence_id, event.sequence_id),))
    return _pixel()


def discussion(request: Any) -> Any:
    """A thread by its number."""
    found = threads.known(request.ctx, request.ctx.db.get(Discussion, int(request.matchdict["id"])))
    return HTTPMovedPermanently(request.route_path("discussions.short", key=found.key))


def group(request: Any) -> Any:
    """A group by its number."""
    found = groups.known(request.ctx, request.ctx.db.get(Group, int(request.matchdict["id"])))
    return HTTPMovedPermanently(request.route_path("groups.show", key=found.key))


def join(request: Any) -> Any:
    """An invitation to a thread, a poll or a group by its token alone."""
    token, model = request.matchdict["token"], request.matchdict["model"]
    if model == "membership":
        return request.see_other("groups.invitation", token=token)
    holder: Any = DiscussionReader if model == "discussion" else Stance
    place: Any = Discussion if model == "discussion" else Poll
    owner = holder.discussion_id if model == "discussion" else holder.poll_id
    key = request.ctx.db.scalar(select(place.key).join(holder, owner == place.id).where(holder.token == token))
    if key is None:
        raise NotFound(GONE)
    if model == "discussion":
        return request.see_other("discussions.short", key=key, _query={"discussion_reader_token": token})
    return request.see_other("polls.short", key=key, _query={"stance_token": token})


def merge(request: Any) -> Any:
    """A confirmation of long ago: such links ended after a day, so it begins anew."""
    return request.see_other("upkeep.merge")


def dashboard(request: Any) -> Any:
    """Its parts are one page here."""
    return request.see_other("discussions.dashboard")
