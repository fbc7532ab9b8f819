"""Signing in: by a link or code from a mail, or by password. No answer tells whether an address has an account."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from llmio.accounts import passwords, queries, sessions
from llmio.accounts.keys import new_code, new_token
from llmio.accounts.models import LoginToken, SignIn, User
from llmio.accounts.service import people
from llmio.accounts.service.people import LOCKED, OPENED, PROVED, tell
from llmio.core.errors import Invalid, NotAllowed, TooMany
from llmio.core.i18n import _

if TYPE_CHECKING:
    from datetime import datetime

    from llmio.accounts.sessions import UserSession
    from llmio.core.context import Context

CODE_TRIES = 5
MAILS_AN_HOUR = 10
LOCKED_FOR = timedelta(hours=6)
INVITATIONS = "invitations"
"""The registry of functions of a user's id that select what invites them: memberships, places in threads, votes and the like."""


def require_email_login(ctx: Context) -> None:
    """Go on only where people may sign in by e-mail."""
    if ctx.app.settings.on("features.disable_email_login"):
        raise NotAllowed(_("Signing in by e-mail is switched off on this site."))


def require_sign_up(ctx: Context) -> None:
    """Go on only where people may join without an invitation."""
    if ctx.app.settings.on("features.disable_create_user"):
        raise NotAllowed(_("One joins this site by invitation only."))


def may_begin(ctx: Context, user: User) -> bool:
    """Whether an account may be used for the first time: on a site that one joins by invitation alone, who was invited.

    A sign-up that was begun while everybody might join counts for nothing, however one goes on with it.
    """
    if user.email_verified or not ctx.app.settings.on("features.disable_create_user"):
        return True
    held = (query(user.id) for query in ctx.app.extras.get(INVITATIONS, {}).values())
    return any(ctx.db.scalar(select(query.exists())) for query in held)


def ask_for_mail(
    ctx: Context,
    email: str,
    *,
    browser: str,
    name: str = "",
    signing_up: bool = False,
    redirect: str | None = None,
    locale: str = "",
    time_zone: str = "",
) -> SignIn:
    """Have a mail sent with which the owner of an address signs in or up; `browser` is a secret of the browser.

    Whether somebody has the address is seen in the mail alone: a sign-up with a known address mails a way in, a
    sign-in with an unknown one mails a way to sign up.
    """
    require_email_login(ctx)
    if signing_up:
        require_sign_up(ctx)
    _limit_mails(ctx, email)
    user = queries.by_email(ctx.db, email)
    if signing_up and user is None and people.may_register(ctx, email):
        user = people.find_or_invite(ctx, email)
    asked = SignIn(
        email=email,
        name=people.check_name(ctx, name) if signing_up else "",
        signing_up=signing_up,
        browser=hash_of(browser),
        login_token=new_login_token(ctx, user, redirect=redirect)
        if user and may_come(user) and may_begin(ctx, user)
        else None,
        failures=0,
        redirect=redirect,
        locale=locale,
        time_zone=time_zone,
        created_at=ctx.now,
    )
    ctx.db.add(asked)
    ctx.changed(asked)
    return asked


def may_come(user: User) -> bool:
    """Whether a mail may let a person in: the account is open, or was closed by its owner."""
    if user.bot:
        return False
    return user.deactivated_at is None or user.deactivator_id in (None, user.id)


def new_login_token(ctx: Context, user: User, *, redirect: str | None = None) -> LoginToken:
    """A link and a code for a person."""
    token = LoginToken(
        user=user,
        token=new_token(),
        code=new_code(),
        redirect=redirect,
        is_reactivation=user.deactivated_at is not None,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    ctx.db.add(token)
    ctx.db.flush()
    return token


def hash_of(browser: str) -> str:
    """What is kept of a browser's secret."""
    return hashlib.sha256(browser.encode()).hexdigest()


def _limit_mails(ctx: Context, email: str) -> None:
    """Counted in the database: it must hold while Redis is down, too."""
    since = ctx.now - timedelta(hours=1)
    count = select(func.count()).where(SignIn.email == email, SignIn.created_at > since)
    if (ctx.db.scalar(count) or 0) >= MAILS_AN_HOUR:
        raise TooMany(
            _("This address was sent several mails already. Please use the newest one, or wait an hour."),
            retry_after=3600,
        )


def _oldest(ctx: Context) -> datetime:
    return ctx.now - timedelta(minutes=ctx.app.settings.number("accounts.login_token_minutes"))


def find_link(ctx: Context, token: str) -> LoginToken | None:
    """The link of a mail, if it still works."""
    query = select(LoginToken).where(
        LoginToken.token == token, LoginToken.used.is_(False), LoginToken.created_at > _oldest(ctx)
    )
    found = ctx.db.scalars(query).first() if token else None
    return found if found and found.user and may_come(found.user) else None


def redeem_link(ctx: Context, token: str) -> User | None:
    """Use a link: its owner, who is proved now; None where it does not work any more."""
    found = find_link(ctx, token)
    return _redeem(ctx, found) if found else None


def redeem_code(ctx: Context, code: str, *, browser: str) -> User | None:
    """Use a code in the browser that asked for it; None for a wrong one, which is counted.

    Raises TooMany after five wrong ones: a new code must be asked for. The caller must keep (commit) the count.
    """
    query = select(SignIn).where(SignIn.browser == hash_of(browser)).order_by(SignIn.id.desc()).limit(1)
    asked = ctx.db.scalars(query.with_for_update(of=SignIn)).one_or_none()
    if asked is None:
        return None
    if asked.failures >= CODE_TRIES:
        raise TooMany(_("Too many wrong codes. Please ask for a new one."))
    token = asked.login_token
    right = str(token.code) if token else ""
    typed = "".join(code.split()).replace("-", "")
    if token and hmac.compare_digest(typed.encode(), right.encode()):
        user = redeem_link(ctx, token.token or "")
        if user is not None:
            return user
    asked.failures += 1
    return None


def _redeem(ctx: Context, token: LoginToken) -> User | None:
    """Mark it used, if nobody was faster, and complete its owner."""
    asked = ctx.db.scalars(select(SignIn).where(SignIn.login_token_id == token.id)).first()
    if token.user and not may_begin(ctx, token.user):
        require_sign_up(ctx)
    won = ctx.db.execute(
        update(LoginToken)
        .where(LoginToken.id == token.id, LoginToken.used.is_(False))
        .values(used=True, updated_at=ctx.now)
        .returning(LoginToken.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    user = token.user
    if won is None or user is None:
        return None
    if user.deactivated_at is not None:
        user.deactivated_at = user.deactivator_id = None
        tell(ctx, OPENED, user)
    people.complete(
        ctx,
        user,
        name=asked.name if asked else None,
        locale=asked.locale if asked else None,
        time_zone=asked.time_zone if asked else None,
        legal_accepted=bool(asked and asked.signing_up),
    )
    user.failed_attempts = 0
    user.locked_at = None
    tell(ctx, PROVED, user)
    return user


def check_password(ctx: Context, email: str, password: str) -> User | None:
    """The person, if the password is theirs; a wrong one is counted, and the caller must keep (commit) the count.

    None, too, where the account is locked or closed, or nobody has the address; it takes as long.
    """
    require_email_login(ctx)
    query = select(User).where(User.email == email).with_for_update()
    user = ctx.db.scalars(query).one_or_none()
    settings = ctx.app.settings
    fits = passwords.matches(settings, password, user.encrypted_password if user else None)
    if user is None or user.deactivated_at is not None or user.bot:
        return None
    if user.locked_at is not None and user.locked_at > ctx.now - LOCKED_FOR:
        return None
    if fits:
        user.failed_attempts = 0
        user.locked_at = None
        return user
    expired = user.locked_at is not None
    user.failed_attempts = 1 if expired else user.failed_attempts + 1
    user.locked_at = ctx.now if user.failed_attempts >= settings.number("accounts.max_login_attempts") else None
    if user.locked_at:
        tell(ctx, LOCKED, user)
    return None


def open_session(ctx: Context, user: User, *, user_agent: str, ip: str) -> UserSession:
    """Sign a person in, in one browser."""
    if user.deactivated_at is not None:
        raise Invalid(_("This account is closed."))
    user.sign_in_count = (user.sign_in_count or 0) + 1
    user.last_sign_in_at, user.current_sign_in_at = user.current_sign_in_at, ctx.now
    user.last_seen_at = ctx.now
    try:
        user.last_sign_in_ip, user.current_sign_in_ip = user.current_sign_in_ip, ip_address(ip)
    except ValueError:
        user.current_sign_in_ip = None
    return sessions.open_session(ctx, user, user_agent=user_agent, ip=ip)
