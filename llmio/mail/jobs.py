"""Mails that belong to no event: the way in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from llmio.accounts import queries
from llmio.accounts import service as accounts
from llmio.accounts.models import SignIn, User
from llmio.core.i18n import _
from llmio.core.jobs import job
from llmio.core.urls import absolute
from llmio.mail import account_mails, post
from llmio.mail.render import language_of
from llmio.mail.service import Recipient, compose, deliver

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context
    from llmio.core.ports import Mail


DAY = 24 * 3600


@job("mail.sweep_log", queue="low", retries=3)
def sweep_log(ctx: Context) -> None:
    """Forget old lines of the log of mails."""
    post.sweep(ctx.db, ctx.now, ctx.app.settings.number("mail.log_days"))


@job("mail.sign_in", queue="critical", transaction=False)
def mail_sign_in(app: App, _record_type: str, sign_in_id: int) -> None:
    """Mail the link and code that somebody asked for to sign in or up."""
    with app.begin() as ctx:
        asked = ctx.db.get(SignIn, sign_in_id)
        mail = sign_in_mail(ctx, asked) if asked else None
    if mail is not None:
        deliver(app, mail)


def sign_in_mail(ctx: Context, asked: SignIn) -> Mail | None:
    """The mail for who typed an address; None where its link was used meanwhile."""
    user = queries.by_email(ctx.db, asked.email)
    token = asked.login_token
    if token is None or user is None:
        return _no_way_in(ctx, asked, closed=user is not None and user.deactivated_at is not None)
    if token.used:
        return None
    reader: Any = user if user.name else Recipient(user.email or "", asked.name, asked.locale or "en", asked.time_zone)
    hours = ctx.app.settings.number("accounts.login_token_minutes") // 60
    with language_of(reader):
        subject = _("Your code for {site}: {code}", site=ctx.app.settings.text("site.name"), code=token.code)
        return compose(
            ctx,
            reader,
            "mail/sign_in.jinja2",
            subject,
            {
                "link": absolute(ctx.app.settings, f"/login_tokens/{token.token}"),
                "code": token.code,
                "hours": hours,
                "minutes": ctx.app.settings.number("accounts.login_token_minutes"),
                "new": not user.email_verified,
                "knew": asked.signing_up and user.email_verified,
                "closed": token.is_reactivation,
                "why": _(
                    "Somebody typed this address to sign in. If that was not you, ignore this mail: nothing happens."
                ),
            },
            kind="login",
            message_id=f"login-{token.id}",
        )


def _no_way_in(ctx: Context, asked: SignIn, *, closed: bool) -> Mail | None:
    settings = ctx.app.settings
    if not closed and not accounts.may_register(ctx, asked.email):
        return None
    reader = Recipient(asked.email, "", asked.locale or "en", asked.time_zone or "UTC")
    with language_of(reader):
        return compose(
            ctx,
            reader,
            "mail/no_account.jinja2",
            _("Signing in to {site}", site=settings.text("site.name")),
            {
                "closed": closed,
                "may_sign_up": not settings.on("features.disable_create_user"),
                "link": absolute(settings, "/sign_up"),
                "why": _(
                    "Somebody typed this address to sign in. If that was not you, ignore this mail: nothing happens."
                ),
            },
            kind="login",
            message_id=f"sign-in-{asked.id}",
        )


def account_closed(ctx: Context, user: User) -> None:
    """Have its owner told; a little later, so that one which is deleted at once is told of once."""
    ctx.enqueue(mail_account_closed, user.id, delay=timedelta(minutes=1))


def account_opened(ctx: Context, user: User) -> None:
    """Have its owner told."""
    ctx.enqueue(mail_account_opened, user.id, int(ctx.now.timestamp()))


@job("mail.account_closed", queue="mailers", transaction=False)
def mail_account_closed(app: App, user_id: int) -> None:
    """Mail the owner of an account that was closed."""
    with app.begin() as ctx:
        mail = account_mails.account_closed(ctx, user_id)
    if mail is not None:
        deliver(app, mail)


@job("mail.account_opened", queue="mailers", transaction=False)
def mail_account_opened(app: App, user_id: int, moment: int) -> None:
    """Mail the owner of an account that was opened again."""
    with app.begin() as ctx:
        mail = account_mails.account_opened(ctx, user_id, moment)
    if mail is not None:
        deliver(app, mail)


def account_locked(ctx: Context, user: User) -> None:
    """Have its owner told, with a link that opens it."""
    ctx.enqueue(mail_account_locked, accounts.new_login_token(ctx, user).id)


@job("mail.account_locked", queue="critical", transaction=False)
def mail_account_locked(app: App, token_id: int) -> None:
    """Mail the owner of an account that takes no password any more for some hours."""
    with app.begin() as ctx:
        mail = account_mails.account_locked(ctx, token_id)
    if mail is not None:
        deliver(app, mail)
