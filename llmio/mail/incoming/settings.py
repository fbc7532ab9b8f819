"""Settings of incoming mail."""

from __future__ import annotations

from llmio.core.settings import Setting

MEGABYTE = 1024 * 1024
SETTINGS: tuple[Setting, ...] = (
    Setting(
        "mail.reply_host",
        "REPLY_HOSTNAME",
        help="Host whose mail reaches this site; with it, mails about threads can be answered. Empty: no reply address.",
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
    Setting("mail.inbound_max_bytes", "LLMIO_MAIL_MAX_BYTES", "int", 25 * MEGABYTE, "Largest mail taken, in bytes."),
    Setting(
        "mail.complaints",
        "COMPLAINTS_ADDRESS",
        default="complaints@email-abuse.amazonses.com",
        help="Sender of reports that somebody called our mail spam; whom they name gets no more mail.",
    ),
    Setting(
        "features.disable_thread_from_mail",
        "FEATURES_DISABLE_THREAD_FROM_MAIL",
        "bool",
        default=False,
        help="Nobody starts threads by mail to their personal address of a group.",
    ),
)
