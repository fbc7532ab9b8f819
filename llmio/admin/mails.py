"""`/admin/mails`: what was sent to whom, what the mail server said, addresses not written to, and a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pyramid.view import view_config

from llmio.accounts import queries
from llmio.accounts.addresses import Email
from llmio.core import audit
from llmio.core.forms import Form, form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.mail import post, probe, suppression
from llmio.mail.sent import Cause, State

TEMPLATE = "llmio:web/templates/admin/mails.jinja2"
STATES = {
    State.SENT: (_("Taken"), "success"),
    State.WAITING: (_("Tried again"), "warning"),
    State.REFUSED: (_("Refused"), "danger"),
    State.HELD: (_("Not sent"), "neutral"),
}
CAUSES = {Cause.BOUNCE: _("Bounced"), Cause.COMPLAINT: _("Complained")}
HIGHEST = 2**63 - 1


class FilterForm(Form):
    """What of the log to show. What makes no sense is left out, not refused: it is only a link."""

    address: str = ""
    state: str = ""
    before: str = ""


class AddressForm(Form):
    """One address."""

    to: Email


class LiftForm(Form):
    """An address that may be written to again."""

    address: str
    confirmed: Literal["1"] = "1"


def includeme(config: Any) -> None:
    """Routes."""
    config.add_route("admin.mails", "/admin/mails")
    config.add_route("admin.try_mail", "/admin/mails/test")
    config.add_route("admin.lift_address", "/admin/mails/lift")
    config.scan(__name__)


@view_config(route_name="admin.mails", renderer=TEMPLATE, permission=Permission.ADMIN)
@view_config(route_name="admin.try_mail", request_method="GET", renderer=TEMPLATE, permission=Permission.ADMIN)
def mails(_context: Any, request: Any) -> Mapping[str, Any]:
    """The page: three queries, however much was sent."""
    asked = parse(FilterForm, request.GET)
    state = asked.state if asked.state in list(State) else ""
    before = int(asked.before) if asked.before.isascii() and asked.before.isdigit() else None
    found = post.listed(
        request.ctx.db,
        words=asked.address,
        state=state,
        before=min(before, HIGHEST) if before is not None else None,
        limit=post.PAGE + 1,
    )
    shown = found[: post.PAGE]
    older = {"address": asked.address, "state": state, "before": shown[-1].id} if len(found) > post.PAGE else None
    return {
        "values": {"to": request.ctx.signed_in().email},
        "chosen": {"address": asked.address, "state": state},
        "rows": shown,
        "older": older,
        "later": before is not None,
        "held": suppression.listed(request.ctx.db),
        "states": STATES,
        "causes": CAUSES,
        "days": request.app.settings.number("mail.log_days"),
        "server": request.app.settings.text("mail.server"),
        "tried": None,
    }


@view_config(route_name="admin.try_mail", request_method="POST", renderer=TEMPLATE, permission=Permission.ADMIN)
@form_view(mails)
def try_mail(context: Any, request: Any) -> Mapping[str, Any]:
    """Send a test mail now, and show what was said. The database is let go of meanwhile."""
    address = parse(AddressForm, request.POST).to
    request.tm.abort()
    tried = probe.try_out(request.app, address)
    request.tm.begin()
    return {**mails(context, request), "tried": tried, "values": {"to": address}}


@view_config(route_name="admin.lift_address", request_method="POST", permission=Permission.ADMIN)
def lift(request: Any) -> Any:
    """Write to an address again."""
    address = parse(LiftForm, request.POST).address
    if suppression.lift(request.ctx.db, address):
        audit.note(request.ctx, "mail.lift", queries.by_email(request.ctx.db, address))
        request.flash("success", _("Mail goes to {address} again.", address=address))
    else:
        request.flash("info", _("Nothing stood against {address}.", address=address))
    return request.see_other("admin.mails")
