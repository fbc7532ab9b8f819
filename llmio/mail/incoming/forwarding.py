"""Mail to a handle that a rule names goes on to the rule's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core.jobs import job
from llmio.core.ports import Mail
from llmio.mail.addresses import message_id as full_id
from llmio.mail.addresses import one_line, sender_of
from llmio.mail.incoming import keeping, letter, mime
from llmio.mail.incoming.models import IncomingMail
from llmio.mail.service import AUTOMATIC, deliver

if TYPE_CHECKING:
    from llmio.core.app import App

FROM_US = {name: value for name, value in AUTOMATIC.items() if name != "Precedence"}
"""Marks it as sent by a program, so that it is never routed a second time."""


@job("mail.forward", queue="mailers", transaction=False)
def send(app: App, mail_id: int, address: str) -> None:
    """Pass a mail on: from us, with answers going to its sender."""
    with app.begin() as ctx:
        mail = ctx.db.get(IncomingMail, mail_id)
        if mail is None:
            return
        with keeping.open_mail(ctx, mail) as raw:
            taken = mime.take_apart(raw)
    try:
        deliver(app, _passed_on(app, letter.read(taken), mail_id, address))
    finally:
        taken.close()
    with app.begin() as ctx:
        mail = ctx.db.get(IncomingMail, mail_id)
        if mail is not None:
            keeping.done(ctx, mail)


def _passed_on(app: App, read: letter.Letter, mail_id: int, address: str) -> Mail:
    name, sender = read.sender
    return Mail(
        to=("", address),
        sender=sender_of(app.settings, name or sender),
        subject=one_line(read.subject),
        text=read.text,
        html=read.html,
        message_id=full_id(app.settings, f"forward-{mail_id}"),
        reply_to=(one_line(name), sender),
        headers=FROM_US,
        files=[(file.name, file.content_type, file.open) for file in read.files],
    )
