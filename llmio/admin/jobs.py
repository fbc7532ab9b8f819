"""Mails that administrators have sent, and the doctor they have called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.accounts.models import LoginToken
from llmio.admin import examining
from llmio.admin.service import checks, examinations
from llmio.admin.service.people import MAIL_LINK
from llmio.core import work
from llmio.core.i18n import _
from llmio.core.jobs import LONG, job
from llmio.core.urls import absolute
from llmio.mail.render import language_of
from llmio.mail.service import compose, deliver

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context
    from llmio.core.ports import Mail


@job(MAIL_LINK, queue="critical", transaction=False)
def mail_link(app: App, token_id: int, sender: str) -> None:
    """Mail a person the sign-in link that an administrator had made."""
    with app.begin() as ctx:
        mail = _link_mail(ctx, token_id, sender)
    if mail is not None:
        deliver(app, mail)


@job(examinations.EXAMINE, queue="high", retries=1, transaction=False, limit=LONG)
def examine(app: App, work_id: int | None = None) -> None:
    """Look at every part of the site as `llmio doctor` does, and keep what is found with the support bundle."""
    with work.reported(app, examinations.EXAMINE, str(examinations.TITLE), work_id) as report:
        findings, bundle = examining.examine(report)
        with app.begin() as ctx:
            examinations.keep(ctx, findings, bundle)
        report.result("/admin/doctor")


@job(checks.WHOLE, queue="low", retries=1, transaction=False, limit=LONG)
def check_all(app: App, work_id: int | None = None) -> None:
    """Read the whole log of acts, also what was found well before, and keep what came of it."""
    _check(app, checks.WHOLE, work_id)


@job(checks.NEW, queue="low", retries=1, transaction=False, limit=LONG)
def check_new(app: App, work_id: int | None = None) -> None:
    """Read what is new in the log of acts since the last check, and keep what came of it."""
    _check(app, checks.NEW, work_id)


def _check(app: App, kind: str, work_id: int | None) -> None:
    """What comes by the clock is no long work to show: somebody asked for that."""
    if work_id is None:
        checks.run(app, whole=kind == checks.WHOLE)
        return
    with work.reported(app, kind, str(checks.TITLES[kind]), work_id) as report:
        checks.run(app, whole=kind == checks.WHOLE, reach=report.reach)
        report.result("/admin/audit")


def _link_mail(ctx: Context, token_id: int, sender: str) -> Mail | None:
    """None where the link was used or is gone."""
    token = ctx.db.get(LoginToken, token_id)
    user = token.user if token else None
    if token is None or user is None or token.used or not user.email:
        return None
    site = ctx.app.settings.text("site.name")
    minutes = ctx.app.settings.number("accounts.login_token_minutes")
    with language_of(user):
        return compose(
            ctx,
            user,
            "mail/admin_link.jinja2",
            _("Your way in to {site}", site=site),
            {
                "link": absolute(ctx.app.settings, f"/login_tokens/{token.token}"),
                "sender": sender,
                "hours": minutes // 60,
                "minutes": minutes,
                "why": _("An administrator of {site} had this link sent to you.", site=site),
            },
            kind="login",
            message_id=f"admin-link-{token.id}",
        )
