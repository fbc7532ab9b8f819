"""Pages of the ways by which a person hears beside mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.core.errors import NotFound
from llmio.core.forms import form_view
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.notifications import jobs, trials, ways
from llmio.plugins import Notifier

View = Mapping[str, Any]
WAY = "llmio:web/templates/notifications/way.jinja2"
TEST = "llmio:web/templates/notifications/way_test.jinja2"


def way_of(request: Any) -> str:
    """Route factory: `/email_preferences/ways/{notifier}…`: the key of a way that is offered, or that one has chosen."""
    key = request.matchdict["notifier"]
    request.ctx.signed_in()
    if key not in ways.offered(request.ctx) and key not in ways.of(request.ctx):
        raise NotFound(_("There is no such way."))
    return str(key)


def _notifier(key: str, request: Any) -> Notifier:
    found = ways.offered(request.ctx).get(key)
    if found is None:
        raise NotFound(_("The plugin for this is missing on this site: not installed, or switched off."))
    return found


@view_config(route_name="notifications.way", renderer=WAY, permission=Permission.SIGNED_IN)
def edit(key: str, request: Any) -> View:
    """The form, and the test."""
    notifier = ways.offered(request.ctx).get(key)
    return {**_tested(key, request), "notifier": notifier, "values": _shown(key, request)}


def _shown(key: str, request: Any) -> dict[str, Any]:
    """What the form holds: what was entered but for secrets, else what holds by itself."""
    fields = _notifier(key, request).fields if key in ways.offered(request.ctx) else ()
    row = ways.of(request.ctx).get(key)
    kept = row.values if row else {one.name: one.default for one in fields}
    return {one.name: kept.get(one.name) for one in fields if one.kind != "secret"}


def _tested(key: str, request: Any) -> dict[str, Any]:
    row = ways.of(request.ctx).get(key)
    test = row if row is not None and row.test_state else None
    return {"key": key, "way": row, "test": test, "pending": test and trials.is_pending(request.ctx, test)}


@view_config(route_name="notifications.way", renderer=WAY, request_method="POST", permission=Permission.SIGNED_IN)
@form_view(edit)
def save(key: str, request: Any) -> Any:
    """Be told this way."""
    ways.save(request.ctx, _notifier(key, request), request.POST)
    request.flash("success", _("Saved. Send a test to see that it arrives."))
    return request.see_other("notifications.way", notifier=key)


@view_config(route_name="notifications.way_remove", request_method="POST", permission=Permission.SIGNED_IN)
def remove(key: str, request: Any) -> Any:
    """Be told this way no more."""
    ways.remove(request.ctx, key)
    request.flash("success", _("Nothing more reaches you this way."))
    return request.see_other("notifications.preferences")


@view_config(route_name="notifications.way_test", request_method="GET", renderer=TEST, permission=Permission.SIGNED_IN)
def tested(key: str, request: Any) -> View:
    """What became of the last test; the page asks for it while one is on its way."""
    return _tested(key, request)


@view_config(route_name="notifications.way_test", request_method="POST", permission=Permission.SIGNED_IN)
def test(key: str, request: Any) -> Any:
    """Have a greeting sent; the page shows what came of it."""
    if ways.ask_test(request.ctx, key):
        request.ctx.enqueue(jobs.test_way, request.ctx.signed_in().id, key)
    return request.see_other("notifications.way", notifier=key)
