"""Pages of what a person does with the own account for good: delete it, merge another one into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.accounts import door, queries
from llmio.accounts.models import User
from llmio.core.errors import Conflict, Invalid, NotFound
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.upkeep.forms import DestroyForm, MergeForm, SureForm
from llmio.upkeep.service import asking, merge, redact, vanish

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
    request.limit("merges")
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


def _person(request: Any) -> User:
    """The person of an administrator's page."""
    found = request.ctx.db.get(User, int(request.matchdict["id"]))
    if found is None:
        raise NotFound(_("There is nobody with this number."))
    return found


@view_config(route_name="upkeep.erase_user", request_method="POST", permission=Permission.ADMIN)
def erase_user(_context: Any, request: Any) -> Any:
    """Delete the account of somebody else for good."""
    user = _person(request)
    name = user.name or user.email or ""
    if user.id == request.ctx.actor_id or user.bot:
        raise Conflict(_("Delete your own account from your profile."))
    redact.delete_account(request.ctx, user)
    request.flash("success", _("The account of {name} is being deleted.", name=name))
    return request.see_other("admin.user", id=user.id)


@view_config(route_name="upkeep.destroy_user", renderer=f"{TEMPLATES}/destroy_user.jinja2", permission=Permission.ADMIN)
def destroy_page(_context: Any, request: Any) -> View:
    """What destroying an account means."""
    return {"user": _person(request), "values": {}}


@view_config(
    route_name="upkeep.destroy_user",
    request_method="POST",
    renderer=f"{TEMPLATES}/destroy_user.jinja2",
    permission=Permission.ADMIN,
)
@form_view(destroy_page)
def destroy_user(_context: Any, request: Any) -> Any:
    """Destroy it."""
    check_sure(request, _("Please tick this to destroy the account."))
    user = _person(request)
    name = user.name or user.email or ""
    vanish.destroy_account(request.ctx, user, words=parse(DestroyForm, request.POST).words)
    request.flash("success", _("The account of {name} is being destroyed.", name=name))
    return request.see_other("admin.users")


@view_config(route_name="upkeep.merge_user", renderer=f"{TEMPLATES}/merge_user.jinja2", permission=Permission.ADMIN)
def merge_user_page(_context: Any, request: Any) -> View:
    """Ask into which account."""
    return {"user": _person(request), "values": {}}


@view_config(
    route_name="upkeep.merge_user",
    request_method="POST",
    renderer=f"{TEMPLATES}/merge_user.jinja2",
    permission=Permission.ADMIN,
)
@form_view(merge_user_page)
def merge_user(_context: Any, request: Any) -> Any:
    """Merge an account into another one."""
    form = parse(MergeForm, request.POST)
    target = queries.by_email(request.ctx.db, form.email)
    if target is None:
        raise Invalid.at("email", _("Nobody has this address."))
    check_sure(request, _("Please tick this to merge the accounts."))
    try:
        merge.merge_users(request.ctx, _person(request), target)
    except Conflict as fault:
        raise Invalid.at("email", fault.message) from None
    request.flash("success", _("The accounts are being merged."))
    return request.see_other("admin.user", id=target.id)
