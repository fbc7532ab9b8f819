"""A Mail as the bytes that travel."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from llmio.mail.addresses import header_address, one_line

if TYPE_CHECKING:
    from datetime import datetime

    from llmio.core.ports import Mail

LINES = policy.SMTP.clone(raise_on_defect=False)
TAKEN = frozenset({"from", "to", "cc", "bcc", "sender", "subject", "date", "message-id", "reply-to", "mime-version"})


def build(mail: Mail, now: datetime) -> EmailMessage:
    """The message; ValueError where an address or a header is not one."""
    message = EmailMessage(LINES)
    message["From"] = header_address(mail.sender)
    message["To"] = header_address(mail.to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = one_line(mail.message_id)
    if mail.reply_to:
        message["Reply-To"] = header_address(mail.reply_to)
    for name, value in mail.headers.items():
        if name.lower() in TAKEN or not name.replace("-", "").isalnum():
            raise ValueError(f"{name!r} cannot be set as a further header")
        message[name] = one_line(value, 2000)
    message.set_content(mail.text, cte="quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for filename, content_type, content in mail.attachments:
        kind, _semicolon, further = content_type.partition(";")
        main, _slash, sub = kind.strip().partition("/")
        message.add_attachment(
            content,
            maintype=main or "application",
            subtype=sub or "octet-stream",
            filename=filename,
            params=_parameters(further),
        )
    return message


def _parameters(text: str) -> dict[str, str]:
    """What follows a content type: `charset=utf-8; method=REQUEST`."""
    pairs = (one.partition("=") for one in text.split(";"))
    return {name.strip(): value.strip().strip('"') for name, _equals, value in pairs if name.strip() and value.strip()}
