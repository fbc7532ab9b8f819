"""Pages to give the own account another address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.accounts import queries
from llmio.accounts import service as accounts
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _
from llmio.upkeep.forms import AddressForm
from llmio.upkeep.service import address

TEMPLATES = "llmio:web/templates/upkeep"
View = Mapping[str, Any]


@view_config(route_name="upkeep.address", renderer=f"{TEMPLATES}/address.jinja2")
def page(_context: Any, request: Any) -> View:
    """Ask for the new address."""
    user = queries.me(request.ctx)
    ask_current = bool(user.encrypted_password) and not accounts.is_fresh(request.ctx)
    return {"user": user, "values": {}, "ask_current": ask_current}


@view_config(route_name="upkeep.address", request_method="POST", renderer=f"{TEMPLATES}/address.jinja2")
@form_view(page)
def ask(_context: Any, request: Any) -> Any:
    """Mail the new address."""
    request.limit("merges")
    form = parse(AddressForm, request.POST)
    address.ask(request.ctx, email=form.email, password=form.current_password)
    request.flash("info", _("A mail to {email} is on its way. Open the link in it to finish.", email=form.email))
    return request.see_other("accounts.profile")


@view_config(route_name="upkeep.address_confirm", renderer=f"{TEMPLATES}/address_confirm.jinja2")
def confirm_page(_context: Any, request: Any) -> View:
    """What the link would do."""
    return {"user": queries.me(request.ctx), "address": address.read(request.ctx, request.matchdict["token"])}


@view_config(route_name="upkeep.address_confirm", request_method="POST", renderer=f"{TEMPLATES}/address_confirm.jinja2")
def confirm(_context: Any, request: Any) -> Any:
    """Change it."""
    user = address.change(request.ctx, request.matchdict["token"])
    request.flash("success", _("Your address is {email} now.", email=user.email or ""))
    return request.see_other("accounts.profile")
