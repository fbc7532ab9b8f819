"""Whether the owner of another address wants its account merged: a signed link that lives for a day."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

from itsdangerous import BadData, URLSafeSerializer

from llmio.accounts import queries
from llmio.accounts.addresses import clean_email
from llmio.accounts.models import User
from llmio.core.errors import Invalid, NotAllowed, NotFound
from llmio.core.i18n import _

if TYPE_CHECKING:
    from llmio.core.context import Context

LIFETIME = timedelta(days=1)


def ask(ctx: Context, *, email: str) -> None:
    """Mail the other address, if it has an account; the actor is told the same either way."""
    me = queries.me(ctx)
    try:
        address = clean_email(email)
    except ValueError as error:
        raise Invalid.at("email", str(error)) from None
    source = queries.by_email(ctx.db, address)
    if source is not None and source.id == me.id:
        raise Invalid.at("email", _("This is the address of the account you are using."))
    if source is not None and not source.bot and source.deactivated_at is None:
        ctx.enqueue(ctx.app.jobs["upkeep.mail_merge_verification"], source.id, me.id, _token(ctx, source, me))


def read(ctx: Context, token: str) -> tuple[User, User]:
    """(source, target) of a link, for the target's owner; NotFound where it does not work (any more)."""
    try:
        source_id, target_id, secret, address, at = _signer(ctx).loads(token)
    except (BadData, ValueError, TypeError):
        raise NotFound(_("This link does not work. Ask for a new one.")) from None
    source, target = ctx.db.get(User, source_id), ctx.db.get(User, target_id)
    if source is None or target is None or source.email != address or not _is_still(source, secret):
        raise NotFound(_("This link was used already, or the account is gone."))
    if at < (ctx.now - LIFETIME).timestamp():
        raise NotFound(_("This link is too old. Ask for a new one."))
    if ctx.signed_in().id != target.id:
        raise NotAllowed(
            _("Sign in as {email} first: this is the account that stays.", email=hinted(target.email or ""))
        )
    return source, target


def _is_still(source: User, secret: object) -> bool:
    return hmac.compare_digest(source.secret_token.encode(), str(secret).encode())


def hinted(email: str) -> str:
    """An address that its owner knows again, and nobody else learns."""
    name, _at, host = email.partition("@")
    return f"{name[:2]}…@{host}"


def _token(ctx: Context, source: User, target: User) -> str:
    return str(_signer(ctx).dumps([source.id, target.id, source.secret_token, source.email, int(ctx.now.timestamp())]))


def _signer(ctx: Context) -> URLSafeSerializer:
    return URLSafeSerializer(ctx.app.settings.text("security.secret") or "development", salt="upkeep.merge")
