"""The bell, what reaches me by mail, and the way out that every mail carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pyramid.response import Response
from pyramid.view import view_config

from llmio.accounts.models import User
from llmio.core.errors import NotFound
from llmio.core.forms import Form, form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.urls import path_in, safe_path
from llmio.groups import queries as groups
from llmio.notifications import entries, queries, reasons, texts, volumes, ways
from llmio.notifications.models import Notification

View = Mapping[str, Any]
LIST = "llmio:web/templates/notifications/list.jinja2"
MENU = "llmio:web/templates/notifications/menu.jinja2"
PREFERENCES = "llmio:web/templates/notifications/preferences.jinja2"
UNSUBSCRIBE = "llmio:web/templates/notifications/unsubscribe.jinja2"


class PreferencesForm(Form):
    """What reaches me."""

    email_when_mentioned: bool = False
    email_on_participation: bool = False
    email_catch_up_day: Literal["never", "0", "1", "2", "3", "4", "5", "6", "7", "8"] | None = None
    volume: Literal["", "1", "2", "3"] = ""


class UnsubscribeForm(Form):
    """How much of one place should still come."""

    volume: Literal["1", "2", "3"] = "1"
    everywhere: bool = False


def shown(notice: Notification) -> View:
    """A notice as its line is shown."""
    values = notice.translation_values
    kind = notice.event.kind if notice.event else ""
    if values.get("reason") == "replied":
        kind = "comment_replied_to"
    return {
        "id": notice.id,
        "actor": notice.actor,
        "text": texts.headline(
            kind or "",
            actor=values.get("name") or "",
            title=values.get("title") or "",
            reaction=values.get("reaction") or "",
        ),
        "why": reasons.sentence(values.get("reason", "chosen"), values.get("name") or ""),
        "url": _leads_to(notice),
        "at": notice.created_at,
        "viewed": notice.viewed,
    }


def _leads_to(notice: Notification) -> str:
    """A path on this site: years ago some were whole addresses."""
    return safe_path(notice.url) or path_in(notice.url) or "/dashboard"


@view_config(route_name="notifications.list", renderer=LIST)
def index(request: Any) -> View:
    """The newest notices."""
    me = request.ctx.signed_in()
    return {"notices": [shown(one) for one in queries.recent(request.ctx, me.id)]}


@view_config(route_name="notifications.menu", renderer=MENU)
def menu(request: Any) -> View:
    """The bell's own list: the newest few."""
    me = request.ctx.signed_in()
    return {"notices": [shown(one) for one in queries.recent(request.ctx, me.id, limit=12)]}


@view_config(route_name="notifications.viewed", request_method="POST", permission=Permission.SIGNED_IN)
def viewed(request: Any) -> Any:
    """All were seen."""
    queries.mark_viewed(request.ctx, request.ctx.signed_in().id)
    return Response(status=204) if request.wants_json else request.see_other("notifications.list")


@view_config(route_name="notifications.open", permission=Permission.SIGNED_IN)
def follow(request: Any) -> Any:
    """Go where a notice leads; it was seen then. A GET that changes only the reader's own mark."""
    me = request.ctx.signed_in()
    notice = request.ctx.db.get(Notification, int(request.matchdict["id"]))
    if notice is None or notice.user_id != me.id:
        raise NotFound(_("There is no such notice."))
    notice.viewed = True
    return request.see_other(_leads_to(notice))


def _me(request: Any) -> User:
    return request.ctx.db.get_one(User, request.ctx.signed_in().id)


@view_config(route_name="notifications.preferences", renderer=PREFERENCES)
def preferences(context: Any, request: Any) -> View:
    """What reaches me by mail."""
    me = _me(request)
    memberships = [one for one in groups.memberships_of_actor(request.ctx).values() if one.accepted_at]
    values = {
        "email_when_mentioned": me.email_when_mentioned,
        "email_on_participation": me.email_on_participation,
        "email_catch_up_day": "never" if me.email_catch_up_day is None else str(me.email_catch_up_day),
        "volume": "",
    }
    offered, chosen = ways.offered(request.ctx), ways.of(request.ctx)
    return {
        "user": me,
        "values": values,
        "memberships": memberships,
        "default_volume": me.default_membership_volume,
        "ways": [(key, offered.get(key), chosen.get(key)) for key in dict.fromkeys([*offered, *chosen])],
        "told": entries.told,
    }


@view_config(route_name="notifications.preferences", renderer=PREFERENCES, request_method="POST")
@form_view(preferences)
def save_preferences(context: Any, request: Any) -> Any:
    """Save it."""
    form = parse(PreferencesForm, request.POST)
    me = _me(request)
    me.email_when_mentioned = form.email_when_mentioned
    me.email_on_participation = form.email_on_participation
    if form.email_catch_up_day is not None:
        me.email_catch_up_day = None if form.email_catch_up_day == "never" else int(form.email_catch_up_day)
        me.email_catch_up = me.email_catch_up_day is not None
    if form.volume:
        volumes.set_everywhere(request.ctx, me, int(form.volume))
    request.flash("success", _("Saved."))
    return request.see_other("notifications.preferences")


def unsubscriber(request: Any) -> tuple[User, volumes.Place | None]:
    """Route factory: whose link, and for which place. The token is all that is asked for."""
    user = volumes.user_of(request.ctx, request.matchdict["token"])
    if user is None:
        raise NotFound(_("This link is no longer valid. You can change your e-mail settings after signing in."))
    kind = request.matchdict.get("kind")
    place = volumes.find_place(request.ctx, user, kind, int(request.matchdict["id"])) if kind else None
    return user, place


@view_config(route_name="notifications.unsubscribe", renderer=UNSUBSCRIBE, permission=Permission.PUBLIC)
@view_config(route_name="notifications.unsubscribe_place", renderer=UNSUBSCRIBE, permission=Permission.PUBLIC)
def unsubscribe(context: tuple[User, volumes.Place | None], request: Any) -> View:
    """The page behind the link: what to turn off. Opening it changes nothing, since mail scanners open links."""
    user, place = context
    return {"person": user, "place": place, "done": request.params.get("done") == "1", "values": {"volume": "1"}}


@view_config(
    route_name="notifications.unsubscribe",
    request_method="POST",
    permission=Permission.PUBLIC,
    require_csrf=False,
    renderer=UNSUBSCRIBE,
)
@view_config(
    route_name="notifications.unsubscribe_place",
    request_method="POST",
    permission=Permission.PUBLIC,
    require_csrf=False,
    renderer=UNSUBSCRIBE,
)
@form_view(unsubscribe)
def turn_off(context: tuple[User, volumes.Place | None], request: Any) -> Any:
    """Turn it off: by the page's form, or by the mail program's one click (RFC 8058, which sends no cookie)."""
    user, place = context
    one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    if one_click and place is None and "kind" in request.matchdict:
        return Response("ok", content_type="text/plain")  # nothing comes from there any more, and no more was asked for
    form = UnsubscribeForm() if one_click else parse(UnsubscribeForm, request.POST)
    if place is None or form.everywhere:
        volumes.set_everywhere(request.ctx, user, int(form.volume))
    else:
        volumes.set_volume(request.ctx, user, place, int(form.volume))
    if one_click:
        return Response("ok", content_type="text/plain")
    return request.see_other(f"{request.path}?done=1")
