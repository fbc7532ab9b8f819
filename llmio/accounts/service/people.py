"""People: invited by address, made, completed when they come."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert

from llmio.accounts import passwords, queries
from llmio.accounts.addresses import clean_email
from llmio.accounts.keys import new_key, new_token
from llmio.accounts.models import User
from llmio.accounts.names import free_username, initials
from llmio.core.errors import Invalid
from llmio.core.i18n import _

if TYPE_CHECKING:
    from llmio.core.context import Context

NAME_LENGTH = 100
PROVED, OPENED, CLOSED, LOCKED = "address_proved", "account_opened", "account_closed", "account_locked"
SET_UP = "site_set_up"
"""Registries of functions (ctx, user) of features above: somebody used what a mail brought, so mail arrives there; an account
was opened again; it was closed; it takes no password for some hours; by the link of the first start it became the administrator's.
"""


def tell(ctx: Context, registry: str, user: User) -> None:
    """Tell the features that want to hear of it."""
    for told in ctx.app.extras.get(registry, {}).values():
        told(ctx, user)


def find_or_invite(ctx: Context, email: str, *, name: str | None = None) -> User:
    """The person of an address; where nobody has it, a placeholder who becomes a person by signing up with it."""
    address = _address(email)
    user = _all_of(ctx, [address], summary_on=None)[address]
    if name and not user.name and not user.email_verified:
        user.name = name.strip()[:NAME_LENGTH]
        user.avatar_initials = initials(user.name)
    return user


def find_or_invite_all(ctx: Context, emails: Iterable[str]) -> dict[str, User]:
    """Address → person for many, in three statements; Invalid where one is no address.

    Whoever is new gets a summary each week on the day they were invited, as in the reference; who signs up by themselves
    gets none until they choose a day.
    """
    return _all_of(ctx, emails, summary_on=ctx.now.isoweekday() % 7)


def _all_of(ctx: Context, emails: Iterable[str], *, summary_on: int | None) -> dict[str, User]:
    wanted = list(dict.fromkeys(_address(email) for email in emails))
    found = queries.by_emails(ctx.db, wanted)
    missing = [email for email in wanted if email not in found]
    if missing:
        rows = [_placeholder(ctx, email, summary_on) for email in missing]
        ctx.db.execute(insert(User).values(rows).on_conflict_do_nothing(index_elements=["email"]))
        found |= queries.by_emails(ctx.db, missing)
    return {email: found[email] for email in wanted}


def _address(email: str) -> str:
    try:
        return clean_email(email)
    except ValueError as error:
        raise Invalid.at("email", str(error)) from None


def _placeholder(ctx: Context, email: str, summary_on: int | None) -> dict[str, object]:
    return {
        "email": email,
        "key": new_key(),
        "unsubscribe_token": new_token(),
        "email_api_key": new_token(),
        "secret_token": func.public.gen_random_uuid(),
        "email_catch_up_day": summary_on,
        "created_at": ctx.now,
        "updated_at": ctx.now,
    }


def complete(
    ctx: Context,
    user: User,
    *,
    name: str | None = None,
    locale: str | None = None,
    time_zone: str | None = None,
    legal_accepted: bool = False,
) -> User:
    """Make a placeholder a person: the address is proved, and everything has a name.

    A name given now replaces the one that somebody else gave to the invited person. For a person it changes nothing.
    """
    fresh = not user.email_verified
    if fresh and name:
        user.name = check_name(ctx, name)
    if fresh:
        user.email_verified = True
    if legal_accepted and user.legal_accepted_at is None:
        user.legal_accepted_at = ctx.now
    if fresh and locale and not user.selected_locale:
        user.detected_locale = locale
    if time_zone and (user.autodetect_time_zone or not user.time_zone):
        user.time_zone = time_zone
    fill_in(ctx, user)
    ctx.db.flush()
    ctx.changed(user)
    return user


def fill_in(ctx: Context, user: User) -> None:
    """Give what is missing: key, tokens, user name, initials."""
    user.key = user.key or new_key()
    user.unsubscribe_token = user.unsubscribe_token or new_token()
    user.email_api_key = user.email_api_key or new_token()
    if user.name:
        user.avatar_initials = user.avatar_initials or initials(user.name)
        if not user.username:
            user.username = free_username(ctx.db, user.name, (user.email or "").split("@")[0])


def check_name(ctx: Context, name: str) -> str:
    """A name that may be kept; raises Invalid."""
    found = " ".join(name.split())
    if not found:
        raise Invalid.at("name", _("Please fill this in."))
    if len(found) > NAME_LENGTH:
        raise Invalid.at("name", _("At most {count} characters, please.", count=NAME_LENGTH))
    if "://" in found or is_spam(ctx, found):
        raise Invalid.at("name", _("Please give your name alone."))
    return found


def is_spam(ctx: Context, written: str) -> bool:
    """Whether the operator's pattern finds something; a broken pattern finds nothing."""
    pattern = ctx.app.settings.text("accounts.spam_regex")
    try:
        return bool(pattern and re.search(pattern, written, re.IGNORECASE))
    except re.error:
        return False


def may_register(ctx: Context, email: str) -> bool:
    """Whether an address may be anybody's: not one of the site's own, no known spam, in no blocked domain."""
    settings = ctx.app.settings
    own = {settings.text("accounts.decide_email").lower(), settings.text("mail.from").lower()} - {""}
    return email.lower() not in own and not is_spam(ctx, email) and not queries.is_blocked(ctx.db, email)


def create_user(ctx: Context, *, email: str, name: str, password: str | None = None, is_admin: bool = False) -> User:
    """Make a person whose address is taken as proved (commands, the first administrator, demo data)."""
    user = find_or_invite(ctx, email)
    if user.email_verified and user.name:
        raise Invalid.at("email", _("Somebody has this address already."))
    complete(ctx, user, name=name)
    if is_admin:
        user.is_admin = True
    if password:
        set_password_of(ctx, user, password)
    ctx.db.flush()
    return user


def set_password_of(ctx: Context, user: User, password: str, *, field: str = "password") -> None:
    """Store a new password; raises Invalid for a weak one."""
    passwords.check_new(password, field=field, others=(user.email or "", user.name or "", user.username or ""))
    user.encrypted_password = passwords.hash_password(ctx.app.settings, password)
    user.failed_attempts = 0
    user.locked_at = None


def rotate_secret(ctx: Context, user: User) -> None:
    """A new secret_token, so that what was signed with the old one is void, and it opens no live channel any more."""
    ctx.db.flush()
    ctx.tm.get().addAfterCommitHook(_shut_out, args=(ctx, user.id, user.secret_token))
    user.secret_token = str(ctx.db.scalar(text("SELECT public.gen_random_uuid()")))


def _shut_out(committed: bool, ctx: Context, user_id: int, token: str) -> None:  # noqa: FBT001  # the hook's signature
    if committed:
        ctx.ports.live.reseat(user_id, token, None)
