"""Mails to the owner of an account that was closed, opened again, or locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.accounts.models import LoginToken, User
from llmio.core.i18n import _
from llmio.core.urls import absolute
from llmio.mail.render import language_of
from llmio.mail.service import compose

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.ports import Mail


def account_closed(ctx: Context, user_id: int) -> Mail | None:
    """To the owner of an account that was closed; None where it is open again, or deleted meanwhile."""
    user = ctx.db.get(User, user_id)
    if user is None or not user.email or not user.email_verified or user.deactivated_at is None:
        return None
    settings = ctx.app.settings
    site = settings.text("site.name")
    by_owner = user.deactivator_id in (None, user.id)
    with language_of(user):
        lines: list[object] = [
            _("Nobody can sign in with it, and nothing more is sent to you. What you wrote in your groups stays there.")
        ]
        if by_owner:
            lines.append(_("If you want it back, sign in by mail with this address: that opens it again."))
        elif settings.text("site.support_email"):
            lines.append(
                _(
                    "If you think it should be open, write to {address}.",
                    address=settings.text("site.support_email"),
                )
            )
        return compose(
            ctx,
            user,
            "mail/notice.jinja2",
            _("Your account on {site} is closed", site=site),
            {
                "headline_text": _("Your account on {site} is closed", site=site),
                "paragraphs": lines,
                "call": _("Open it again"),
                "link": absolute(settings, "/sign_in") if by_owner else "",
                "why": _("You closed the account with this address.")
                if by_owner
                else _("An administrator of the site closed the account with this address."),
            },
            kind="user_deactivated",
            message_id=f"closed-{user.id}-{int(user.deactivated_at.timestamp())}",
        )


def account_opened(ctx: Context, user_id: int, moment: int) -> Mail | None:
    """To the owner of an account that was opened again at a moment."""
    user = ctx.db.get(User, user_id)
    if user is None or not user.email or not user.email_verified or user.deactivated_at is not None:
        return None
    settings = ctx.app.settings
    site = settings.text("site.name")
    with language_of(user):
        return compose(
            ctx,
            user,
            "mail/notice.jinja2",
            _("Your account on {site} is open again", site=site),
            {
                "headline_text": _("Your account on {site} is open again", site=site),
                "paragraphs": [_("You can sign in as before. Ask the admins of your groups if you miss one of them.")],
                "call": _("Open {site}", site=site),
                "link": absolute(settings, "/dashboard"),
                "why": _("You, or an administrator of the site, opened the account with this address again."),
            },
            kind="user_reactivated",
            message_id=f"opened-{user.id}-{moment}",
        )


def account_locked(ctx: Context, token_id: int) -> Mail | None:
    """To the owner of an account after too many wrong passwords; None where the link was used, or they came in otherwise."""
    token = ctx.db.get(LoginToken, token_id)
    if token is None or token.used or token.user is None or token.user.locked_at is None:
        return None
    user, settings = token.user, ctx.app.settings
    site = settings.text("site.name")
    with language_of(user):
        return compose(
            ctx,
            user,
            "mail/notice.jinja2",
            _("Too many wrong passwords for your account on {site}", site=site),
            {
                "headline_text": _("Too many wrong passwords"),
                "paragraphs": [
                    _(
                        "A wrong password was given {count} times, so your account takes none for six hours.",
                        count=user.failed_attempts,
                    ),
                    _("If that was you, this link signs you in now, and passwords are taken again."),
                ],
                "call": _("Sign in"),
                "link": absolute(settings, f"/login_tokens/{token.token}"),
                "notes": [
                    _("If it was not you, nobody came in. You need not do anything; a longer password makes it harder.")
                ],
                "why": _("Somebody tried to sign in with this address."),
            },
            kind="unlock",
            message_id=f"locked-{token.id}",
        )
