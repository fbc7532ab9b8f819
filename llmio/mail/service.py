"""Mails composed, and handed to the mail server from jobs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmio.core.errors import Unavailable
from llmio.core.jobs import GiveUp
from llmio.core.ports import Mail, Receipt
from llmio.mail.addresses import header_address, one_line, sender_of
from llmio.mail.addresses import message_id as full_id
from llmio.mail.incoming.strip import DELIMITER
from llmio.mail.post import Post
from llmio.mail.render import language_of, render

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

log = logging.getLogger(__name__)

AUTOMATIC: Mapping[str, str] = {
    "Precedence": "bulk",
    "Auto-Submitted": "auto-generated",
    "X-Auto-Response-Suppress": "OOF",
}


@dataclass(frozen=True)
class Recipient:
    """An address that nobody here has, as the reader of a mail."""

    email: str
    name: str = ""
    locale: str = "en"
    time_zone: str = "UTC"


def compose(
    ctx: Context,
    to_user: Any,
    template: str,
    subject: object,
    values: Mapping[str, Any],
    *,
    kind: str,
    message_id: str,
    actor_name: str = "",
    reply_to: tuple[str, str] | None = None,
    unsubscribe_url: str | None = None,
    headers: Mapping[str, str] | None = None,
    attachments: Sequence[tuple[str, str, bytes]] = (),
) -> Mail:
    """A mail for one reader (a User or `Recipient`), in their language and zone.

    `template` is `<name>.jinja2`, extending `mail/layout.jinja2`; see `render`. `message_id` names the mail (the same
    for the same mail each time). `unsubscribe_url` must take a POST without sign-in (RFC 8058). Raises ValueError where the address is none.
    """
    settings = ctx.app.settings
    header_address((to_user.name or "", to_user.email or ""))
    further = {**AUTOMATIC, **(headers or {})}
    if unsubscribe_url:
        further |= {"List-Unsubscribe": f"<{unsubscribe_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    with language_of(to_user):
        shown = {"unsubscribe_url": unsubscribe_url or "", "delimiter": DELIMITER if reply_to else "", **values}
        html, text = render(settings, to_user, template, shown, kind=kind)
        return Mail(
            to=(one_line(to_user.name or ""), to_user.email),
            sender=sender_of(settings, actor_name),
            subject=one_line(subject),
            text=text,
            html=html,
            message_id=full_id(settings, message_id),
            reply_to=reply_to,
            headers=further,
            attachments=attachments,
            kind=kind,
        )


def deliver(app: App, mail: Mail) -> Receipt:
    """Hand a mail over, from a job outside any transaction.

    Raises Unavailable for what may pass, so that the job is tried again later, and GiveUp for the server's last word.
    An address that bounced or complained is left alone, which is no failure: the log says so.
    """
    receipt = Post(app).send(mail)
    if receipt.ok or receipt.held:
        return receipt
    if receipt.permanent:
        raise GiveUp(f"mail to {mail.to[1]} refused: {receipt.answer}")
    raise Unavailable(f"mail to {mail.to[1]} not sent yet: {receipt.answer}")
