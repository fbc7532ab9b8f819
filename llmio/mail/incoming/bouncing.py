"""Mails about mails: telling a sender what could not be done, and reading reports of complaints."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as upsert

from llmio.accounts import queries as accounts
from llmio.core.i18n import _
from llmio.core.jobs import job
from llmio.mail.incoming.letter import ADDRESS, Letter
from llmio.mail.incoming.models import MailBounce
from llmio.mail.render import language_of
from llmio.mail.service import Recipient, compose, deliver

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

AGAIN = timedelta(hours=1)
REPORTED = re.compile(
    rb"^(?:Original-Rcpt-To|Final-Recipient|Removal-Recipient|To):[ \t]*(.{1,400})", re.IGNORECASE | re.MULTILINE
)
REPORT_LIMIT = 1 << 18


def may_tell(ctx: Context, email: str) -> bool:
    """Whether this address was told nothing for an hour; notes that it is told now."""
    row = upsert(MailBounce).values(email=email, sent_at=ctx.now)
    row = row.on_conflict_do_update(
        index_elements=["email"], set_={"sent_at": ctx.now}, where=MailBounce.sent_at <= ctx.now - AGAIN
    )
    return ctx.db.scalar(row.returning(MailBounce.email)) is not None


def tell(ctx: Context, letter: Letter, reason: str, words: str) -> None:
    """Have the sender told."""
    name, address = letter.sender
    ctx.enqueue(send, address, name, reason, words, letter.subject[:200], letter.message_id[:300])


@job("mail.bounce", queue="mailers", transaction=False)
def send(app: App, address: str, name: str, reason: str, words: str, subject: str, message_id: str) -> None:
    """Tell somebody that their mail could not be used."""
    with app.begin() as ctx:
        user, site = accounts.by_email(ctx.db, address), app.settings.text("site.name")
        reader = user or Recipient(address, name)
        with language_of(reader):
            headers = {"In-Reply-To": f"<{message_id}>", "References": f"<{message_id}>"} if message_id else {}
            mail = compose(
                ctx,
                reader,
                "mail/bounce.jinja2",
                _("Your mail was not delivered: {subject}", subject=subject or _("no subject")),
                {
                    "reason": reason,
                    "words": words,
                    "subject": subject,
                    "why": _("You get this because you wrote to an address of {site}.", site=site),
                },
                kind="bounce",
                message_id=f"bounce-{message_id or address}",
                headers=headers,
            )
    deliver(app, mail)


def complained_about(letter: Letter) -> list[str]:
    """Values of the headers in which a report names who complained."""
    found: list[str] = []
    for file in letter.files:
        with file.open() as stream:
            head = stream.read(REPORT_LIMIT)
        found += [line.decode("utf-8", "replace").strip() for line in REPORTED.findall(head)]
    if not found:
        found = [line for line in letter.text.split("\n") if ADDRESS.search(line)][:20]
    return found
