"""A test mail, sent here and now over a new connection, with all that is said on the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmio.accounts.keys import new_token
from llmio.core.i18n import _
from llmio.core.urls import site_url
from llmio.mail import post
from llmio.mail.service import Recipient, compose
from llmio.mail.smtp import SmtpMailer

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmio.core.app import App
    from llmio.core.ports import Receipt


@dataclass(frozen=True)
class Tried:
    """What came of it: the receipt, and the lines of the dialogue (`C` we, `S` the server, `*` what happened)."""

    receipt: Receipt
    lines: tuple[str, ...]


def try_out(app: App, address: str, *, listen: Callable[[str], None] | None = None) -> Tried:
    """Send a test mail to an address; it is in the log like any other. Raises ValueError where it is no address.

    Not by a job: who asks wants to see what the server says.
    """
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        if listen is not None:
            listen(line)

    site = app.settings.text("site.name")
    with app.begin() as ctx:
        mail = compose(
            ctx,
            Recipient(address),
            "mail/notice.jinja2",
            _("Test mail from {site}", site=site),
            {
                "headline_text": _("Mail works"),
                "paragraphs": [
                    _("{site} at {url} can send mail to this address.", site=site, url=site_url(app.settings))
                ],
                "why": _("An administrator of the site asked for this test."),
            },
            kind="mail_test",
            message_id=f"test-{new_token()}",
        )
    mailer = SmtpMailer(app.settings, app.ports.clock, hear)
    receipt = mailer.send(mail)
    mailer.close()
    if not lines:
        hear(f"* {receipt.answer}")
    with app.begin() as ctx:
        post.note(ctx.db, mail, receipt, ctx.now)
    return Tried(receipt, tuple(lines))
