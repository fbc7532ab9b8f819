"""Settings of outgoing mail."""

from __future__ import annotations

from llmio.core.settings import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting("mail.server", "SMTP_SERVER", help="Host name of the mail server; without one all mail waits."),
    Setting(
        "mail.port",
        "SMTP_PORT",
        "int",
        help="Its port; 465 with SMTP_USE_SSL, else 587 with a user, else 25.",
        within=(1, 65535),
    ),
    Setting(
        "mail.auth",
        "SMTP_AUTH",
        "choice",
        "",
        "How to sign in there; empty: as the server offers.",
        choices=("", "plain", "login", "cram_md5", "none"),
    ),
    Setting("mail.username", "SMTP_USERNAME", help="User there; empty: nobody signs in."),
    Setting("mail.password", "SMTP_PASSWORD", secret=True, help="Password there."),
    Setting("mail.domain", "SMTP_DOMAIN", help="Name we give ourselves (HELO); empty: CANONICAL_HOST.", like="host"),
    Setting(
        "mail.ssl",
        "SMTP_USE_SSL",
        "bool",
        default=False,
        help="TLS from the first byte (port 465). Without it STARTTLS is used where offered.",
    ),
    Setting(
        "mail.ssl_verify",
        "SMTP_SSL_VERIFY_MODE",
        "choice",
        "peer",
        "Whether the server must prove its name by a certificate; `none` switches that off.",
        choices=("none", "peer", "client_once", "fail_if_no_peer_cert"),
    ),
    Setting(
        "mail.timeout",
        "SMTP_TIMEOUT",
        "float",
        20.0,
        "Seconds to wait for each answer of the mail server.",
        within=(0.1, 600),
    ),
    Setting(
        "mail.connections",
        "SMTP_CONNECTIONS",
        "int",
        5,
        "Connections to the mail server at a time, per process.",
        within=(1, 1000),
    ),
    Setting(
        "mail.from",
        "NOTIFICATIONS_EMAIL_ADDRESS",
        help="Sender of all mail; empty: notifications@ and SMTP_DOMAIN or CANONICAL_HOST.",
        like="address",
    ),
    Setting(
        "mail.dkim_selector",
        "LLMIO_DKIM_SELECTOR",
        help="Selector of the key with which your mail provider signs; `llmio doctor` looks it up. Empty: usual ones are tried.",
    ),
    Setting(
        "mail.log_days", "LLMIO_MAIL_LOG_DAYS", "int", 90, "Days that the log of mails is kept.", within=(0, 36500)
    ),
    Setting(
        "mail.dev_folder",
        "LLMIO_DEV_MAIL",
        help="Maildir that the page /dev/mail shows in development; empty: `mail` in the data folder.",
    ),
)
