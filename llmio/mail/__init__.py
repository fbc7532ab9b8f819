"""Mail: rendering and sending; reading what comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.mail.incoming.settings import SETTINGS as INCOMING
from llmio.mail.plain import html_to_text
from llmio.mail.post import Post
from llmio.mail.render import babel_locale, language_of, moment, render, zone_named
from llmio.mail.service import Recipient, compose, deliver
from llmio.mail.settings import SETTINGS as OUTGOING

if TYPE_CHECKING:
    from llmio.core.app import App

SETTINGS = (*OUTGOING, *INCOMING)
__all__ = [
    "SETTINGS",
    "Post",
    "Recipient",
    "babel_locale",
    "compose",
    "deliver",
    "html_to_text",
    "includeme",
    "language_of",
    "moment",
    "register",
    "render",
    "zone_named",
]


def register(app: App) -> None:
    """Give the App this feature's jobs."""
    from llmio.mail import incoming, jobs, suppression  # noqa: PLC0415  # slow

    app.add_jobs(jobs.mail_sign_in, jobs.mail_account_closed, jobs.mail_account_opened, jobs.mail_account_locked)
    app.add_jobs(jobs.sweep_log)
    app.add_schedule(jobs.sweep_log, every=jobs.DAY)
    app.add_observer(jobs.mail_sign_in, "SignIn")
    app.add_extra("address_proved", "mail", suppression.address_proved)
    app.add_extra("account_closed", "mail", jobs.account_closed)
    app.add_extra("account_opened", "mail", jobs.account_opened)
    app.add_extra("account_locked", "mail", jobs.account_locked)
    incoming.register(app)


def includeme(config: Any) -> None:
    """Doors for mail; the page of mails in development, nowhere else, since mails hold links that sign people in."""
    from llmio.mail import maildir  # noqa: PLC0415  # slow

    config.include("llmio.mail.incoming")
    if config.registry["app"].settings["llmio.env"] == "production":
        return
    of_mail = {"factory": maildir.mail_of}
    config.add_route("mail.list", "/dev/mail")
    config.add_route("mail.show", "/dev/mail/{key}", **of_mail)
    config.add_route("mail.html", "/dev/mail/{key}/html", **of_mail)
    config.add_route("mail.source", "/dev/mail/{key}/source", **of_mail)
    config.scan("llmio.mail.views")
