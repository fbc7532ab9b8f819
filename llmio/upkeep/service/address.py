"""Another address for the own account: a signed link, mailed to it, that lives for a day."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

from itsdangerous import BadData, URLSafeSerializer

from llmio.accounts import passwords, queries
from llmio.accounts import service as accounts
from llmio.accounts.addresses import clean_email
from llmio.accounts.models import User
from llmio.core.errors import Conflict, Invalid, NotAllowed, NotFound
from llmio.core.i18n import _
from llmio.upkeep.service import asking

if TYPE_CHECKING:
    from llmio.core.context import Context

LIFETIME = timedelta(days=1)


def ask(ctx: Context, *, email: str, password: str = "") -> None:
    """Mail the new address; whoever has an account of it is asked about merging. The actor is told the same either way."""
    me = queries.me(ctx)
    try:
        address = clean_email(email)
    except ValueError as error:
        raise Invalid.at("email", str(error)) from None
    if address == me.email:
        raise Invalid.at("email", _("This is your address already."))
    if not accounts.may_register(ctx, address):
        raise Invalid.at("email", _("This address cannot be used here."))
    _check_it_is_me(ctx, me, password)
    if queries.by_email(ctx.db, address) is not None:
        asking.ask(ctx, email=address)
    else:
        token = str(_signer(ctx).dumps([me.id, me.secret_token, me.email, address, int(ctx.now.timestamp())]))
        ctx.enqueue(ctx.app.jobs["upkeep.mail_new_address"], me.id, address, token)


def _check_it_is_me(ctx: Context, me: User, password: str) -> None:
    """Who finds a browser open must not take the account away by it."""
    if accounts.is_fresh(ctx):
        return
    if not me.encrypted_password:
        raise Invalid.at("email", _("You signed in a while ago. For your safety, please sign out and in again first."))
    if not passwords.matches(ctx.app.settings, password, me.encrypted_password):
        raise Invalid.at("current_password", _("This is not your present password."))


def read(ctx: Context, token: str) -> str:
    """The address of a link, for the account's owner; NotFound where it does not work (any more)."""
    try:
        user_id, secret, former, address, at = _signer(ctx).loads(token)
    except (BadData, ValueError, TypeError):
        raise NotFound(_("This link does not work. Ask for a new one.")) from None
    user = ctx.db.get(User, user_id)
    known = user is not None and hmac.compare_digest(user.secret_token.encode(), str(secret).encode())
    if user is None or not known or user.email != former:
        raise NotFound(_("This link was used already, or the account is gone."))
    if at < (ctx.now - LIFETIME).timestamp():
        raise NotFound(_("This link is too old. Ask for a new one."))
    if ctx.signed_in().id != user.id:
        raise NotAllowed(_("Sign in first with the account whose address is to change."))
    return str(address)


def change(ctx: Context, token: str) -> User:
    """Give the account the address; the former one is told, and links that were mailed to it stop working."""
    address = read(ctx, token)
    me = queries.me(ctx)
    if queries.by_email(ctx.db, address) is not None:
        raise Conflict(_("Somebody else has this address by now."))
    if not accounts.may_register(ctx, address):
        raise Conflict(_("This address cannot be used here."))
    former, me.email, me.email_verified = me.email, address, True
    accounts.void_links(ctx, me)
    accounts.tell(ctx, accounts.PROVED, me)
    ctx.changed(me)
    if former:
        ctx.enqueue(ctx.app.jobs["upkeep.mail_address_changed"], me.id, former, address)
    return me


def _signer(ctx: Context) -> URLSafeSerializer:
    return URLSafeSerializer(ctx.app.settings.text("security.secret") or "development", salt="upkeep.address")
