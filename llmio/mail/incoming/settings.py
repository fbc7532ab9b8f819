"""Settings of incoming mail."""

from __future__ import annotations

from llmio.core.settings import Setting

MEGABYTE = 1024 * 1024
SETTINGS: tuple[Setting, ...] = (
    Setting(
        "mail.reply_host",
        "REPLY_HOSTNAME",
        help="Host whose mail reaches this site; with it, mails about threads can be answered. Empty: no reply address.",
        like="host",
    ),
    Setting(
        "mail.old_reply_host",
        "OLD_REPLY_HOSTNAME",
        "list",
        (),
        "Hosts that were used before: mail to them is still taken.",
    ),
    Setting(
        "mail.inbound_password",
        "RAILS_INBOUND_EMAIL_PASSWORD",
        secret=True,
        help="Password of user `actionmailbox`, with which a mail server hands over mail; empty: that door is closed.",
    ),
    Setting(
        "mail.inbound_max_bytes",
        "LLMIO_MAIL_MAX_BYTES",
        "int",
        25 * MEGABYTE,
        "Largest mail taken, in bytes.",
        within=(1, 10000000000),
    ),
    Setting(
        "mail.complaints",
        "COMPLAINTS_ADDRESS",
        default="complaints@email-abuse.amazonses.com",
        help="Sender of reports that somebody called our mail spam; whom they name gets no more mail.",
        blank=True,
    ),
    Setting(
        "mail.smtpd_port",
        "LLMIO_SMTP_PORT",
        "int",
        help="Port on which `llmio smtp` takes mail: 25 for mail from the internet. `llmio up` runs it where this and "
        "REPLY_HOSTNAME are set.",
        within=(0, 65535),
    ),
    Setting("mail.smtpd_host", "LLMIO_SMTP_HOST", default="", help="Address it listens on; empty: all."),
    Setting("mail.smtpd_certificate", "LLMIO_SMTP_CERTIFICATE", help="File with its certificate chain, for STARTTLS."),
    Setting("mail.smtpd_key", "LLMIO_SMTP_KEY", help="File with the certificate's key; empty: it is in the same file."),
    Setting(
        "mail.dns_servers",
        "LLMIO_DNS_SERVERS",
        "list",
        (),
        "DNS servers (address or address:port) that are asked about senders; empty: those of the machine.",
    ),
)
