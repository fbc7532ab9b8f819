"""A Mail as the bytes that travel."""

from __future__ import annotations

import base64
import secrets
import tempfile
from email.message import EmailMessage
from email.utils import format_datetime
from typing import IO, TYPE_CHECKING

from llmio.mail.addresses import header_address, one_line
from llmio.mail.headers import Lines

if TYPE_CHECKING:
    from datetime import datetime

    from llmio.core.ports import Mail

LINES = Lines(linesep="\r\n", raise_on_defect=False)
PIECE, IN_MEMORY = 57 * 4096, 1 << 20
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
        _attach(message, filename, content_type, content)
    return message


def spooled(message: EmailMessage, mail: Mail) -> IO[bytes]:
    """The message and the files of its mail in a temporary file, as it travels. No more of a file than a piece is in memory.

    The library would hold each file several times over. So it writes a mark for each, and the file is put in its place.
    """
    marks = []
    for filename, content_type, _open in mail.files:
        mark = secrets.token_bytes(30)
        _attach(message, filename, content_type, mark)
        marks.append(base64.b64encode(mark))
    rest = message.as_bytes(policy=LINES.clone(utf8=not (mail.to[1] + mail.sender[1]).isascii()))
    kept = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the caller's to close
    for mark, (_name, _type, opened) in zip(marks, mail.files, strict=True):
        before, _mark, rest = rest.partition(mark)
        kept.write(before)
        with opened() as stream:
            while piece := stream.read(PIECE):
                kept.write(base64.encodebytes(piece).replace(b"\n", b"\r\n"))
    kept.write(rest)
    kept.seek(0)
    return kept


def _attach(message: EmailMessage, filename: str, content_type: str, content: bytes) -> None:
    kind, _semicolon, further = content_type.partition(";")
    main, _slash, sub = kind.strip().partition("/")
    message.add_attachment(
        content,
        maintype=main or "application",
        subtype=sub or "octet-stream",
        filename=filename,
        params=_parameters(further),
    )


def _parameters(text: str) -> dict[str, str]:
    """What follows a content type: `charset=utf-8; method=REQUEST`."""
    pairs = (one.partition("=") for one in text.split(";"))
    return {name.strip(): value.strip().strip('"') for name, _equals, value in pairs if name.strip() and value.strip()}
