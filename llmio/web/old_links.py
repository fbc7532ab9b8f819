"""Links that the reference wrote into mails and texts and that have another address here: they lead to where that is now.

Those that are the same (`/d/KEY`, `/p/KEY`, `/g/KEY`, `/HANDLE`, `/invitations/TOKEN`, `/join/group/TOKEN`, `/login_tokens/TOKEN`,
`/vote/KEY`, files) need nothing here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
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
from llmio.discussions.models import Comment, Discussion, DiscussionReader
from llmio.groups import resources as groups
from llmio.groups.models import Group, Membership, MembershipRequest
from llmio.notifications import volumes
from llmio.notifications.models import Notification
from llmio.polls import resources as polls
from llmio.polls.models import Outcome, Poll, Stance

PIXEL = base64.b64decode("R0lGODlhAQABAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
NUMBER = r"\d{1,9}"
ACTS = "unsubscribe|set_group_volume|set_discussion_volume|set_poll_volume"
PLACES: dict[str, Any] = {"discussion": Discussion, "poll": Poll, "group": Group}
OF_PLACES: dict[str, tuple[Any, str]] = {
    "comment": (Comment.discussion_id, "discussion"),
    "stance": (Stance.poll_id, "poll"),
    "outcome": (Outcome.poll_id, "poll"),
    "membership": (Membership.group_id, "group"),
    "membership_request": (MembershipRequest.group_id, "group"),
}
"""What a mail was about, which its link names by `<type>_id` → the column of the place to turn off, and its kind."""
PICTURE = "{picture:(\\.gif)?}"
PAGES = {
    "start_group": "/g/new", "polls": "/dashboard", "groups": "/dashboard", "verify_stances": "/dashboard",
    "users/sign_in": "/sign_in", "users/sign_up": "/sign_up", "users/password/new": "/sign_in", "users/password/edit": "/sign_in",
    "users/invitation/accept": "/sign_in",
}  # fmt: skip
MEMBERS = ("members", "memberships", "membership_requests")
GONE = _("This link is no longer valid.")


def includeme(config: Any) -> None:
    """Routes and views; all are open, since they only lead on, and what they lead to asks who comes."""
    for name, pattern, view in (
        ("old.unsubscribe", f"/email_actions/{{act:{ACTS}}}", unsubscribe),
        ("old.unfollow", f"/email_actions/unfollow_discussion/{{id:{NUMBER}}}/{{token}}", unfollow),
        ("old.summary", "/email_actions/mark_summary_email_as_read{picture:(\\.gif)?}", summary),
        ("old.thread_seen", f"/email_actions/mark_discussion_as_read/{{id:{NUMBER}}}/{{event:{NUMBER}}}/{{token:[^/.]+}}{PICTURE}", thread_seen),
        ("old.notice_seen", f"/email_actions/mark_notification_as_read/{{id:{NUMBER}}}/{{token:[^/.]+}}{PICTURE}", notice_seen),
        ("old.discussion", f"/discussions/{{id:{NUMBER}}}", discussion),
        ("old.group", f"/groups/{{id:{NUMBER}}}", group),
        ("old.join", "/join/{model:discussion|poll|membership}/{token}", join),
        ("old.merge", "/merge_users/confirm", merge),
        ("old.dashboard", "/dashboard/{filter:[a-z_]+}", dashboard),
        ("old.page", f"/{{page:{'|'.join(PAGES)}}}", page),
        ("old.new_poll", "/p/new/{kind:[a-z_]+}", new_poll),
    ):  # fmt: skip
        config.add_route(name, pattern, request_method="GET")
        config.add_view(view, route_name=name, permission=Permission.PUBLIC)
    config.add_route("old.ballot", "/vote/{key}/{slug}", request_method="GET", factory=polls.poll)
    config.add_view(ballot, route_name="old.ballot", permission=Permission.POLL_SHOW)
    by_token = {"request_method": "GET", "request_param": "unsubscribe_token", "permission": Permission.PUBLIC}
    config.add_view(preferences, route_name="notifications.preferences", **by_token)


def group_route(config: Any) -> None:
    """What follows the key of a group in old addresses, such as its name: included after all pages of groups."""
    config.add_route("old.group_page", "/g/{key}/{rest:.+}", request_method="GET", factory=groups.group)
    config.add_view(group_page, route_name="old.group_page", permission=Permission.GROUP_SHOW)


def unsubscribe(request: Any) -> Any:
    """The page that turns mail off: of the thread, poll or group that the link names, else of everything."""
    token = request.params.get("unsubscribe_token", "")
    if volumes.user_of(request.ctx, token) is None:
        raise NotFound(_("This link is no longer valid. You can change your e-mail settings after signing in."))
    for kind, place_id in _places(request):
        if place_id is not None:
            return request.see_other("notifications.unsubscribe_place", token=token, kind=kind, id=place_id)
    return request.see_other("notifications.unsubscribe", token=token)


def _places(request: Any) -> Iterator[tuple[str, int | None]]:
    """What an old link names, by number or key: the place itself, or something in it."""
    db = request.ctx.db
    for kind, model in PLACES.items():
        told = request.params.get(f"{kind}_id") or request.params.get(f"{kind}_key")
        if told:
            number = _number(told)
            yield kind, db.scalar(select(model.id).where(model.id == number if number else model.key == told))
    for name, (column, kind) in OF_PLACES.items():
        number = _number(request.params.get(f"{name}_id"))
        if number:
            yield kind, db.scalar(select(column).where(column.class_.id == number))


def _number(told: str | None) -> int | None:
    return int(told) if told and told.isascii() and told.isdecimal() and len(told) < 10 else None


def unfollow(request: Any) -> Any:
    """The page that turns off a thread, of older mails."""
    token, place_id = request.matchdict["token"], int(request.matchdict["id"])
    if volumes.user_of(request.ctx, token) is None:
        raise NotFound(GONE)
    return request.see_other("notifications.unsubscribe_place", token=token, kind="discussion", id=place_id)


def preferences(request: Any) -> Any:
    """What reaches one by mail, from a link in a mail: without signing in."""
    token = request.params.get("unsubscribe_token", "")
    if request.ctx.actor is None and volumes.user_of(request.ctx, token) is not None:
        return request.see_other("notifications.unsubscribe", token=token)
    return request.see_other("notifications.preferences")


def summary(request: Any) -> Any:
    """A summary was read: what is unread stands in the inbox, where it can be marked."""
    if request.matchdict["picture"]:
        return _pixel()
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


def page(request: Any) -> Any:
    """Pages of other names."""
    return request.see_other(PAGES[request.matchdict["page"]])


def ballot(context: Poll, request: Any) -> Any:
    """A ballot with the title of its poll in the address."""
    return request.see_other("polls.ballot", key=context.key, _query=request.GET)


def new_poll(request: Any) -> Any:
    """A new poll of a kind."""
    return request.see_other("polls.new", _query={**request.GET, "poll_type": request.matchdict["kind"]})


def group_page(context: Group, request: Any) -> Any:
    """A group with its name in the address, or one of its pages that has another name here."""
    first = request.matchdict["rest"].partition("/")[0]
    if first in MEMBERS:
        return request.see_other("groups.members", key=context.key)
    if first == "previous_polls":
        return request.see_other("polls.group", key=context.key)
    return request.see_other("groups.show", key=context.key, _query=request.GET)
