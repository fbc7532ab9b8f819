"""Pages of the own account, and what others see of it."""

from __future__ import annotations

from typing import Any

from pyramid.view import view_config

from llmio.accounts import door, queries, service, zones
from llmio.accounts.browsers import browser_name
from llmio.accounts.forms import DeactivateForm, PasswordForm, ProfileForm
from llmio.accounts.models import User
from llmio.core import i18n, richtext
from llmio.core.errors import Invalid
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission

View = dict[str, Any]
TEMPLATES = "llmio:web/templates/accounts"


@view_config(route_name="accounts.profile", renderer=f"{TEMPLATES}/profile.jinja2")
def profile(_context: Any, request: Any) -> View:
    """The own profile, to be changed."""
    ctx = request.ctx
    user = queries.me(ctx)
    return {
        "user": user,
        "values": {
            "name": user.name,
            "username": user.username,
            "short_bio": user.short_bio,
            "locale": user.selected_locale or "",
            "time_zone": user.time_zone or "UTC",
            "autodetect_time_zone": user.autodetect_time_zone,
        },
        "zones": zones.names(),
        "locales": i18n.available(),
        "panels": ctx.app.panels.load("profile", ctx, user),
    }


@view_config(route_name="accounts.profile", request_method="POST", renderer=f"{TEMPLATES}/profile.jinja2")
@form_view(profile)
def update(_context: Any, request: Any) -> Any:
    """Change it."""
    ctx = request.ctx
    form = parse(ProfileForm, request.POST)
    if form.locale and form.locale not in dict(i18n.available()):
        raise Invalid(
            _("Please check the marked fields."),
            {"locale": [_("Please choose one of the options.")]},
            dict(request.POST),
        )
    try:
        service.update_profile(
            ctx,
            queries.me(ctx),
            name=form.name,
            username=form.username,
            short_bio=form.short_bio,
            locale=form.locale or None,
            time_zone=form.time_zone,
            autodetect_time_zone=form.autodetect_time_zone,
        )
    except Invalid as fault:
        raise Invalid(fault.message, fault.errors, form.model_dump()) from None
    request.flash("success", _("Your profile is saved."))
    return request.see_other("accounts.profile")


@view_config(route_name="accounts.security", renderer=f"{TEMPLATES}/security.jinja2")
def security(_context: Any, request: Any) -> View:
    """Password and sessions."""
    ctx = request.ctx
    user = queries.me(ctx)
    return {
        "user": user,
        "has_password": bool(user.encrypted_password),
        "ask_current": bool(user.encrypted_password) and not service.is_fresh(ctx),
        "sessions": [(browser_name(row.user_agent), row) for row in queries.open_sessions(ctx.db, user.id, ctx.now)],
        "current_session": ctx.signed_in().session_id,
    }


@view_config(route_name="accounts.password", request_method="POST", renderer=f"{TEMPLATES}/security.jinja2")
@form_view(security)
def set_password(_context: Any, request: Any) -> Any:
    """Set or change the password."""
    request.limit("passwords")
    ctx = request.ctx
    form = parse(PasswordForm, request.POST)
    service.set_password(ctx, queries.me(ctx), new=form.new_password, current=form.current_password)
    request.flash("success", _("Your password is saved. Other browsers are signed out."))
    return request.see_other("accounts.security")


@view_config(route_name="accounts.deactivate", renderer=f"{TEMPLATES}/deactivate.jinja2")
def deactivate_page(_context: Any, request: Any) -> View:
    """What closing the account means."""
    return {"user": queries.me(request.ctx)}


@view_config(route_name="accounts.deactivate", request_method="POST", renderer=f"{TEMPLATES}/deactivate.jinja2")
@form_view(deactivate_page)
def deactivate(_context: Any, request: Any) -> Any:
    """Close the account."""
    ctx = request.ctx
    form = parse(DeactivateForm, request.POST)
    if not form.sure:
        raise Invalid(
            _("Please check the marked fields."),
            {"sure": [_("Please tick this to close the account.")]},
            form.model_dump(),
        )
    service.deactivate(ctx, queries.me(ctx), reason=form.reason)
    door.sign_out(request)
    request.flash("info", _("Your account is closed. Sign in by mail if you want to open it again."))
    return request.see_other("accounts.sign_in")


@view_config(route_name="accounts.show", renderer=f"{TEMPLATES}/show.jinja2", permission=Permission.USER_SHOW)
def show(user: User, request: Any) -> View:
    """What others see of a person."""
    ctx = request.ctx
    return {
        "user": user,
        "bio": richtext.to_html(user.short_bio, user.short_bio_format),
        "mine": user.id == ctx.actor_id,
        "panels": ctx.app.panels.load("person", ctx, user),
    }
