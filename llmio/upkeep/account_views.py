"""Pages of what a person does with the own account for good: delete it, merge another one into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.accounts import door, queries
from llmio.core.errors import Invalid
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _
from llmio.upkeep.forms import MergeForm, SureForm
from llmio.upkeep.service import asking, merge, redact

TEMPLATES = "llmio:web/templates/upkeep"
View = Mapping[str, Any]


def check_sure(request: Any, what: object) -> None:
    """Refuse the form where the box is not ticked."""
    if not parse(SureForm, request.POST).sure:
        raise Invalid(_("Please check the marked fields."), {"sure": [what]})


@view_config(route_name="upkeep.delete_account", renderer=f"{TEMPLATES}/delete_account.jinja2")
def delete_page(_context: Any, request: Any) -> View:
    """What deleting the account means."""
    return {"user": queries.me(request.ctx)}


@view_config(route_name="upkeep.delete_account", request_method="POST", renderer=f"{TEMPLATES}/delete_account.jinja2")
@form_view(delete_page)
def delete_account(_context: Any, request: Any) -> Any:
    """Delete the account."""
    check_sure(request, _("Please tick this to delete the account."))
    redact.delete_account(request.ctx, queries.me(request.ctx))
    door.sign_out(request)
    request.flash("info", _("Your account is being deleted. A mail tells you when it is done."))
    return request.see_other("accounts.sign_in")


@view_config(route_name="upkeep.merge", renderer=f"{TEMPLATES}/merge.jinja2")
def merge_page(_context: Any, request: Any) -> View:
    """Ask which other account."""
    return {"user": queries.me(request.ctx), "values": {}}


@view_config(route_name="upkeep.merge", request_method="POST", renderer=f"{TEMPLATES}/merge.jinja2")
@form_view(merge_page)
def ask_to_merge(_context: Any, request: Any) -> Any:
    """Mail the other address."""
    request.limit("merges", 5)
    form = parse(MergeForm, request.POST)
    asking.ask(request.ctx, email=form.email)
    request.flash("info", _("If {email} has an account here, a mail to it is on its way.", email=form.email))
    return request.see_other("accounts.profile")


@view_config(route_name="upkeep.merge_confirm", renderer=f"{TEMPLATES}/merge_confirm.jinja2")
def confirm_page(_context: Any, request: Any) -> View:
    """What merging means, for the two accounts of a link."""
    source, target = asking.read(request.ctx, request.matchdict["token"])
    return {"source": source, "target": target}


@view_config(route_name="upkeep.merge_confirm", request_method="POST", renderer=f"{TEMPLATES}/merge_confirm.jinja2")
@form_view(confirm_page)
def confirm_merge(_context: Any, request: Any) -> Any:
    """Merge them."""
    source, target = asking.read(request.ctx, request.matchdict["token"])
    check_sure(request, _("Please tick this to merge the accounts."))
    merge.merge_users(request.ctx, source, target)
    request.flash("info", _("Your accounts are being merged. A mail tells you when it is done."))
    return request.see_other("accounts.profile")
