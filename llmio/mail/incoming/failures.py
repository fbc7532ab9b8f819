"""Reports that a mail of ours could not be delivered (RFC 3464): addresses that nobody has are not written to any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.mail import suppression
from llmio.mail.sent import Cause, SentMail, State
from llmio.mail.talk import BAD_ADDRESS, NOBODY

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.mail.incoming.letter import Letter

HEAD = 1 << 16
OURS = re.compile(rb"^Message-ID:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,300}>)", re.IGNORECASE | re.MULTILINE)
UNSAID = "5.0.0"
"""Refused for good, but not why: the server's words tell."""
BLOCKS = re.compile(r"\r?\n[ \t]*\r?\n")


def failed(report: str) -> Iterator[tuple[str, str]]:
    """(address, what was said) for each recipient of a report whose address is what was refused for good."""
    for block in BLOCKS.split(report):
        fields = HeaderParser().parsestr(block.strip())
        kind, _semicolon, address = (fields["Final-Recipient"] or "").partition(";")
        status = (fields["Status"] or "").split(" ")[0].strip()
        if (fields["Action"] or "").strip().lower() != "failed" or kind.strip().lower() != "rfc822":
            continue
        said = " ".join((fields["Diagnostic-Code"] or "").partition(";")[2].split())
        if status in BAD_ADDRESS or (status == UNSAID and NOBODY.search(said)):
            yield address.strip().strip("<>").lower(), f"{status} {said}".strip()[:500]


def about(letter: Letter) -> set[str]:
    """Message ids of the mails that a report brings back, whole or their headers alone."""
    found: set[str] = set()
    for file in letter.files:
        with file.open() as stream:
            found |= {one.decode("ascii", "replace") for one in OURS.findall(stream.read(HEAD))}
    return found


def take(ctx: Context, letter: Letter) -> list[str]:
    """Note the addresses of a report to which nothing goes any more.

    Only those to which the mail that comes back was sent by us: a report is easily forged, its message ids are not.
    """
    told = dict(failed(letter.report))
    query = select(SentMail).where(SentMail.message_id.in_(about(letter)), SentMail.address.in_(list(told)))
    rows = list(ctx.db.scalars(query)) if told else []
    for row in rows:
        row.state, row.answer = State.REFUSED, told[row.address]
        suppression.suppress(ctx.db, row.address, Cause.BOUNCE, told[row.address], ctx.now)
    return [row.address for row in rows]
