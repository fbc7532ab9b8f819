"""Deleting an account: who the person was is wiped, what the person said stays."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, text, update

from llmio.accounts import service as accounts
from llmio.accounts.models import LoginToken, OmniauthIdentity, SignIn, User, UserDeactivationResponse
from llmio.accounts.sessions import UserSession
from llmio.core import audit
from llmio.core.permissions import Permission
from llmio.core.tables import Version
from llmio.files import portraits
from llmio.files.models import Attachment
from llmio.groups.models import MemberEmailAlias, MembershipRequest
from llmio.integrations.models import OauthAccessGrant, OauthAccessToken
from llmio.mail.sent import SentMail
from llmio.notifications.deliveries import Delivery
from llmio.notifications.models import PersonWay

if TYPE_CHECKING:
    from llmio.core.context import Context

BATCH = 1000
EMPTIED: tuple[str, ...] = (
    "email",
    "name",
    "username",
    "avatar_initials",
    "reset_password_token",
    "reset_password_sent_at",
    "remember_created_at",
    "remember_token",
    "authentication_token",
    "unsubscribe_token",
    "email_api_key",
    "api_key",
    "unlock_token",
    "country",
    "region",
    "city",
    "current_sign_in_at",
    "last_sign_in_at",
    "current_sign_in_ip",
    "last_sign_in_ip",
    "last_seen_at",
    "facebook_community_id",
    "slack_community_id",
    "time_zone",
    "selected_locale",
    "detected_locale",
    "content_locale",
    "date_time_pref",
    "email_catch_up_day",
    "legal_accepted_at",
    "uploaded_avatar_file_name",
    "uploaded_avatar_content_type",
    "uploaded_avatar_file_size",
    "uploaded_avatar_updated_at",
    "locked_at",
)
WIPED: dict[str, Any] = dict.fromkeys(EMPTIED) | {
    "encrypted_password": "",
    "short_bio": "",
    "location": "",
    "avatar_kind": "initials",
    "email_verified": False,
    "email_newsletter": False,
    "email_catch_up": False,
    "email_when_mentioned": False,
    "email_on_participation": False,
    "is_admin": False,
    "sign_in_count": 0,
    "failed_attempts": 0,
}
"""Column → what it holds afterwards. `email_sha256` stays: so a site can tell that an address had an account."""

FORGET_NAME = text(
    "UPDATE notifications SET translation_values = translation_values - 'name' WHERE id IN "
    "(SELECT id FROM notifications WHERE actor_id = :id AND translation_values ? 'name' LIMIT :batch)"
)


def delete_account(ctx: Context, user: User, *, mail: bool = True) -> User:
    """Close an account at once and for good; a job wipes what says who it was. `mail`: tell the address that it is done."""
    ctx.require(Permission.USER_REDACT, user)
    if ctx.actor_id != user.id:
        audit.note(ctx, "user.redact", user)
    address = user.email
    if user.deactivated_at is None:
        accounts.deactivate(ctx, user)
    ctx.enqueue(ctx.app.jobs["upkeep.redact_user"], user.id, address if mail else None)
    return user


def wipe(ctx: Context, user: User) -> bool:
    """Remove what says who a person was; False once nothing is left to remove.

    One batch of notices a call, since there may be many of them. A second run finds nothing to do.
    """
    if user.email is not None:
        _wipe_person(ctx, user)
    found: Any = ctx.db.execute(FORGET_NAME, {"id": user.id, "batch": BATCH})
    return int(found.rowcount) == BATCH


def _wipe_person(ctx: Context, user: User) -> None:
    address = (user.email or "").lower()
    user.email_sha256 = hashlib.sha256(address.encode()).hexdigest()
    for name, value in WIPED.items():
        setattr(user, name, value)
    user.experiences, user.attachments, user.link_previews = {}, [], []
    user.deactivated_at = user.deactivated_at or ctx.now
    portraits.drop(ctx, user)
    user.secret_token = str(ctx.db.scalar(text("SELECT public.gen_random_uuid()")))
    of_user = (
        (LoginToken, LoginToken.user_id),
        (OmniauthIdentity, OmniauthIdentity.user_id),
        (UserDeactivationResponse, UserDeactivationResponse.user_id),
        (UserSession, UserSession.user_id),
        (MemberEmailAlias, MemberEmailAlias.user_id),
        (PersonWay, PersonWay.user_id),
        (OauthAccessGrant, OauthAccessGrant.resource_owner_id),
        (OauthAccessToken, OauthAccessToken.resource_owner_id),
    )
    for model, column in of_user:
        ctx.db.execute(delete(model).where(column == user.id))
    ctx.db.execute(delete(SignIn).where(SignIn.email == address))
    ctx.db.execute(delete(Version).where(Version.item_type == "User", Version.item_id == user.id))
    ctx.db.execute(delete(Attachment).where(Attachment.record_type == "User", Attachment.record_id == user.id))
    ctx.db.execute(delete(Delivery).where(Delivery.recipient_type == "User", Delivery.recipient_id == user.id))
    ctx.db.execute(
        update(MembershipRequest)
        .where((MembershipRequest.requestor_id == user.id) | (MembershipRequest.email == address))
        .values(name=None, email=None, introduction=None)
    )
    forget_address(ctx, address)
    ctx.changed(user)


def forget_address(ctx: Context, address: str) -> None:
    """The log of mails names addresses."""
    ctx.db.execute(delete(SentMail).where(SentMail.address == address.lower()))
