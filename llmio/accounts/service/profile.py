"""What a person does with the own account."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from llmio.accounts import names, passwords, queries, sessions
from llmio.accounts.models import LoginToken, User, UserDeactivationResponse
from llmio.accounts.names import LONGEST_USERNAME, USERNAME, initials
from llmio.accounts.service import people
from llmio.accounts.sessions import UserSession
from llmio.core import permissions
from llmio.core.errors import Invalid, NotAllowed
from llmio.core.i18n import _
from llmio.core.permissions import Permission

if TYPE_CHECKING:
    from llmio.core.context import Context

FRESH = timedelta(hours=1)
BIO_LENGTH = 5000


def update_profile(
    ctx: Context,
    user: User,
    *,
    name: str,
    username: str,
    short_bio: str = "",
    locale: str | None = None,
    time_zone: str | None = None,
    autodetect_time_zone: bool = True,
) -> User:
    """Change what others see of a person, and the person's language and zone."""
    ctx.require(Permission.USER_UPDATE, user)
    wanted = username.strip().lower()
    _check_username(ctx, user, wanted)
    user.name = people.check_name(ctx, name)
    user.avatar_initials = initials(user.name)
    user.username = wanted
    user.short_bio = short_bio
    user.short_bio_format = "md"
    user.selected_locale = locale
    user.time_zone = time_zone or user.time_zone
    user.autodetect_time_zone = autodetect_time_zone
    ctx.changed(user)
    return user


def _check_username(ctx: Context, user: User, wanted: str) -> None:
    if wanted == user.username:
        return
    if not USERNAME.fullmatch(wanted) or len(wanted) > LONGEST_USERNAME:
        raise Invalid.at(
            "username", _("Small letters a to z and digits alone, at most {count}.", count=LONGEST_USERNAME)
        )
    names.lock(ctx.db)
    if wanted in names.RESERVED or queries.by_username(ctx.db, wanted) is not None:
        raise Invalid.at("username", _("Somebody has this one already."))


def give_name(ctx: Context, user: User, *, name: str, time_zone: str | None = None) -> User:
    """Take the name of a person who came by a link without having said one."""
    ctx.require(Permission.USER_UPDATE, user)
    user.name = people.check_name(ctx, name)
    user.avatar_initials = initials(user.name)
    if time_zone and user.autodetect_time_zone:
        user.time_zone = time_zone
    people.fill_in(ctx, user)
    ctx.changed(user)
    return user


def is_fresh(ctx: Context) -> bool:
    """Whether the actor came in within the last hour, so that who sits there is still who came."""
    session = ctx.db.get(UserSession, ctx.signed_in().session_id)
    return session is not None and session.created_at > ctx.now - FRESH


def set_password(ctx: Context, user: User, *, new: str, current: str = "") -> User:
    """Set or change the password; other browsers are signed out.

    The old one is asked for, unless the person has just signed in: a forgotten password is replaced by signing in by
    mail and setting a new one.
    """
    ctx.require(Permission.USER_UPDATE, user)
    settings = ctx.app.settings
    if (
        user.encrypted_password
        and not is_fresh(ctx)
        and not passwords.matches(settings, current, user.encrypted_password)
    ):
        raise Invalid.at(
            "current_password", _("This is not your present password. If you forgot it, sign out and in again by mail.")
        )
    people.set_password_of(ctx, user, new, field="new_password")
    kept = ctx.signed_in().session_id
    ctx.db.execute(
        update(UserSession)
        .where(UserSession.user_id == user.id, UserSession.ended_at.is_(None), UserSession.id != kept)
        .values(ended_at=ctx.now)
    )
    return user


def sign_out_everywhere(ctx: Context, user: User) -> User:
    """End every session of a person; links that were mailed are void, too."""
    _require_own_or_admin(ctx, user)
    sessions.end_sessions(ctx, user.id)
    void_links(ctx, user)
    people.rotate_secret(ctx, user)
    return user


def deactivate(ctx: Context, user: User, *, reason: str = "") -> User:
    """Close an account: nobody signs in, nothing is sent; what the person wrote stays, with the name.

    The owner may open it again by signing in by mail; what a site's administrator closed stays closed.
    """
    _require_own_or_admin(ctx, user)
    keep_an_admin(ctx, user)
    user.deactivated_at = ctx.now
    user.deactivator_id = ctx.actor_id
    sessions.end_sessions(ctx, user.id)
    void_links(ctx, user)
    people.rotate_secret(ctx, user)
    if reason.strip():
        ctx.db.add(UserDeactivationResponse(user_id=user.id, body=reason.strip()[:10_000]))
    ctx.changed(user)
    people.tell(ctx, people.CLOSED, user)
    return user


def reactivate(ctx: Context, user: User) -> User:
    """Open a closed account again (administrators)."""
    ctx.require(Permission.ADMIN)
    user.deactivated_at = user.deactivator_id = None
    ctx.changed(user)
    people.tell(ctx, people.OPENED, user)
    return user


def void_links(ctx: Context, user: User) -> None:
    """Links to sign in that were mailed work no more."""
    ctx.db.execute(
        update(LoginToken).where(LoginToken.user_id == user.id, LoginToken.used.is_(False)).values(used=True)
    )


def _require_own_or_admin(ctx: Context, user: User) -> None:
    if not (ctx.can(Permission.USER_UPDATE, user) or permissions.site_admin(ctx, user)):
        raise NotAllowed(_("You may not do this."))


def keep_an_admin(ctx: Context, user: User) -> None:
    """Go on only if the site has an administrator without this person; Invalid otherwise.

    The other one is locked: of two who leave at the same time one is tried again, and refused.
    """
    if not user.is_admin:
        return
    query = select(User.id).where(User.is_admin.is_(True), User.deactivated_at.is_(None), User.id != user.id)
    if ctx.db.scalar(query.order_by(User.id).limit(1).with_for_update()) is None:
        if ctx.actor_id == user.id:
            raise Invalid(_("You are the only administrator of this site. Make somebody else one first."))
        raise Invalid(_("This is the only administrator of this site. Make somebody else one first."))
