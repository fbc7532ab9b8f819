"""Notifier `email`: hands each notice to the site's mail server."""

from __future__ import annotations

from hashlib import sha256

from llmio.plugins import (
    Failed,
    Mail,
    Message,
    Notifier,
    Outcome,
    Outgoing,
    Plugin,
    Reaches,
    Retry,
    Sent,
    Target,
    _,
    hookimpl,
)

PLUGIN = Plugin(_("E-mail"), _("Notices by mail."))


class Email(Notifier):
    """One mail per notice. `target.options`: `sender` and `reply_to`, each (name, address)."""

    key = "email"
    title = "E-mail"
    summary = "Notices by mail, through the site's mail server."
    reaches = Reaches.PERSON
    carries_files = True

    def send(self, message: Message, target: Target, out: Outgoing) -> Outcome:
        """Hand it to the mail server; its answer decides."""
        headers = dict(message.headers)
        mail = Mail(
            to=(target.name, target.address),
            sender=target.options["sender"],
            subject=message.subject,
            text=message.text,
            html=message.html,
            message_id=headers.pop("Message-ID", "") or name_of(message, target),
            reply_to=target.options.get("reply_to"),
            headers=headers,
            attachments=message.attachments,
            kind=message.kind,
        )
        receipt = out.mailer.send(mail)
        if receipt.ok:
            return Sent(receipt.answer)
        return Failed(receipt.answer) if receipt.permanent else Retry(receipt.answer)


def name_of(message: Message, target: Target) -> str:
    """A name for a mail that comes without one, the same at each try."""
    made = (
        message.id or sha256(f"{message.kind}|{message.subject}|{message.text}".encode("utf-8", "replace")).hexdigest()
    )
    return f"<{made}@{target.options['sender'][1].rpartition('@')[2]}>"


@hookimpl
def llmio_notifiers() -> list[Notifier]:
    """The notifier of this plugin."""
    return [Email()]
