"""Pages of signing up, in and out."""

from __future__ import annotations

import secrets
from typing import Any

from pyramid.view import view_config

from llmio.accounts import door, service
from llmio.accounts.forms import CodeForm, NameForm, SetupForm, SignInForm, SignUpForm
from llmio.accounts.models import User
from llmio.accounts.queries import me
from llmio.accounts.zones import zone_or_none
from llmio.core.errors import Invalid, NotFound, TooMany
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.urls import safe_path

View = dict[str, Any]
TEMPLATES = "llmio:web/templates/accounts"
GONE = 410


def lead_on(request: Any, user: User, path: str | None) -> Any:
    """After signing in: first to the question for a name where there is none, then to where the person wanted."""
    if not user.name:
        return request.see_other("accounts.welcome", _query={"next": path} if path else None)
    return request.see_other(safe_path(path) or request.app.settings.text("features.default_path"))


def page_values(request: Any) -> View:
    """What the pages before the door share."""
    settings = request.app.settings
    return {
        "next_path": safe_path(request.params.get("next")) or "",
        "may_sign_up": not settings.on("features.disable_create_user"),
        "by_email": not settings.on("features.disable_email_login"),
        "terms_url": settings.text("accounts.terms_url"),
        "privacy_url": settings.text("accounts.privacy_url"),
    }


@view_config(route_name="accounts.sign_in", renderer=f"{TEMPLATES}/sign_in.jinja2", permission=Permission.PUBLIC)
def sign_in_page(_context: Any, request: Any) -> Any:
    """The form to sign in."""
    if request.identity_once and request.method == "GET":
        return request.see_other(safe_path(request.params.get("next")) or "/")
    return page_values(request)


@view_config(
    route_name="accounts.sign_in",
    request_method="POST",
    renderer=f"{TEMPLATES}/sign_in.jinja2",
    permission=Permission.PUBLIC,
)
@form_view(sign_in_page)
def sign_in(_context: Any, request: Any) -> Any:
    """With a password: sign in. Without: send a mail."""
    service.require_email_login(request.ctx)
    form = parse(SignInForm, request.POST)
    if not form.password:
        request.limit("login_tokens")
        return _send_mail(request, form)
    request.limit("sessions")
    user = service.check_password(request.ctx, form.email, form.password)
    if user is None:
        door.keep(request)
        raise Invalid(
            _(
                "Address and password do not belong together, or there were too many tries. A link by mail always works."
            ),
            {"password": [_("Please check address and password, or leave this empty and get a link by mail.")]},
            {"email": form.email, "next": form.next},
        )
    if user.autodetect_time_zone:
        user.time_zone = zone_or_none(form.time_zone) or user.time_zone
    door.sign_in(request, user)
    return lead_on(request, user, form.next)


@view_config(route_name="accounts.sign_up", renderer=f"{TEMPLATES}/sign_up.jinja2", permission=Permission.PUBLIC)
def sign_up_page(_context: Any, request: Any) -> Any:
    """The form to sign up."""
    if request.identity_once and request.method == "GET":
        return request.see_other(safe_path(request.params.get("next")) or "/")
    return page_values(request)


@view_config(
    route_name="accounts.sign_up",
    request_method="POST",
    renderer=f"{TEMPLATES}/sign_up.jinja2",
    permission=Permission.PUBLIC,
)
@form_view(sign_up_page)
def sign_up(_context: Any, request: Any) -> Any:
    """Send a mail with which the owner of the address comes in."""
    form = parse(SignUpForm, request.POST)
    if request.app.settings.text("accounts.terms_url") and not form.legal_accepted:
        raise Invalid(
            _("Please check the marked fields."),
            {"legal_accepted": [_("Please accept the terms to sign up.")]},
            dict(request.POST),
        )
    request.limit("registrations")
    return _send_mail(request, form)


def _send_mail(request: Any, form: SignInForm | SignUpForm) -> Any:
    browser = secrets.token_urlsafe(24)
    service.ask_for_mail(
        request.ctx,
        form.email,
        browser=browser,
        name=form.name if isinstance(form, SignUpForm) else "",
        signing_up=isinstance(form, SignUpForm),
        redirect=safe_path(form.next),
        time_zone=zone_or_none(form.time_zone) or "",
    )
    request.session["sign_in"] = {"browser": browser, "email": form.email, "next": safe_path(form.next)}
    return request.see_other("accounts.code")


def _under_way(request: Any) -> dict[str, str]:
    found = request.session.get("sign_in")
    return found if isinstance(found, dict) else {}


@view_config(route_name="accounts.code", renderer=f"{TEMPLATES}/code.jinja2", permission=Permission.PUBLIC)
def code_page(_context: Any, request: Any) -> Any:
    """The form for the code from the mail."""
    under_way = _under_way(request)
    if not under_way or request.identity_once:
        return request.see_other("accounts.sign_in")
    return {**page_values(request), "email": under_way["email"], "next_path": under_way.get("next") or ""}


@view_config(
    route_name="accounts.code",
    request_method="POST",
    renderer=f"{TEMPLATES}/code.jinja2",
    permission=Permission.PUBLIC,
)
@form_view(code_page)
def enter_code(_context: Any, request: Any) -> Any:
    """Sign in with the code, in the browser that asked for it."""
    under_way = _under_way(request)
    if not under_way:
        return request.see_other("accounts.sign_in")
    service.require_email_login(request.ctx)
    form = parse(CodeForm, request.POST)
    request.limit("sessions")
    try:
        user = service.redeem_code(request.ctx, form.code, browser=under_way["browser"])
    except TooMany as fault:  # told on this page, since it has the button for another mail
        raise Invalid.at("code", fault.message) from None
    if user is None:
        door.keep(request)
        raise Invalid.at("code", _("This code is not right, or it is too old."))
    door.sign_in(request, user)
    return lead_on(request, user, under_way.get("next"))


@view_config(route_name="accounts.link", renderer=f"{TEMPLATES}/link.jinja2", permission=Permission.PUBLIC)
def link_page(_context: Any, request: Any) -> View:
    """What a link from a mail opens: a button, since programs that look at mails open links, too."""
    token = service.find_link(request.ctx, request.matchdict["token"])
    if token is None:
        request.response.status_int = GONE
    return {**page_values(request), "token": token}


@view_config(
    route_name="accounts.link",
    request_method="POST",
    renderer=f"{TEMPLATES}/link.jinja2",
    permission=Permission.PUBLIC,
)
def follow_link(_context: Any, request: Any) -> Any:
    """Sign in with the link, once."""
    service.require_email_login(request.ctx)
    found = service.find_link(request.ctx, request.matchdict["token"])
    path = found.redirect if found else None
    user = service.redeem_link(request.ctx, request.matchdict["token"])
    if user is None:
        request.response.status_int = GONE
        return {**page_values(request), "token": None}
    door.sign_in(request, user)
    return lead_on(request, user, path)


@view_config(route_name="accounts.sign_out", request_method="POST", permission=Permission.PUBLIC)
def sign_out(_context: Any, request: Any) -> Any:
    """End this browser's session."""
    door.sign_out(request)
    request.flash("success", _("You are signed out."))
    return request.see_other("accounts.sign_in")


@view_config(route_name="accounts.sign_out_everywhere", request_method="POST")
def sign_out_everywhere(_context: Any, request: Any) -> Any:
    """End all sessions of the person, this one too."""
    service.sign_out_everywhere(request.ctx, me(request.ctx))
    door.sign_out(request)
    request.flash("success", _("You are signed out everywhere."))
    return request.see_other("accounts.sign_in")


@view_config(route_name="accounts.welcome", renderer=f"{TEMPLATES}/welcome.jinja2")
def welcome_page(_context: Any, request: Any) -> View:
    """Ask a person who came by a link for the name."""
    return {"next_path": safe_path(request.params.get("next")) or ""}


@view_config(route_name="accounts.welcome", request_method="POST", renderer=f"{TEMPLATES}/welcome.jinja2")
@form_view(welcome_page)
def welcome(_context: Any, request: Any) -> Any:
    """Take the name."""
    form = parse(NameForm, request.POST)
    user = service.give_name(request.ctx, me(request.ctx), name=form.name, time_zone=zone_or_none(form.time_zone))
    return lead_on(request, user, form.next)


@view_config(route_name="accounts.setup", renderer=f"{TEMPLATES}/setup.jinja2", permission=Permission.PUBLIC)
def setup_page(_context: Any, request: Any) -> View:
    """The one-time link that the first start printed."""
    works = service.link_works(request.app, request.matchdict["token"])
    if not works:
        request.response.status_int = GONE
    return {"works": works}


@view_config(
    route_name="accounts.setup",
    request_method="POST",
    renderer=f"{TEMPLATES}/setup.jinja2",
    permission=Permission.PUBLIC,
)
@form_view(setup_page)
def set_up(_context: Any, request: Any) -> Any:
    """Make the visitor an administrator."""
    form = parse(SetupForm, request.POST)
    token = request.matchdict["token"]
    try:
        user = service.set_up(request.ctx, token, name=form.name, email=form.email, password=form.password or None)
    except NotFound:
        request.response.status_int = GONE
        return {"works": False}
    user.time_zone = zone_or_none(form.time_zone) or user.time_zone
    door.sign_in(request, user)
    request.flash("success", _("Welcome. You are the administrator of this site now."))
    return request.see_other(request.app.settings.text("features.default_path"))
