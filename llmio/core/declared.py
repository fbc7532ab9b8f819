"""The settings of the core and of the site as a whole; features declare their own beside their code."""

from __future__ import annotations

from llmio.core.settings import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "llmio.env",
        "LLMIO_ENV",
        "choice",
        "production",
        "Where this runs: development shows more, testing is for the suite.",
        aliases=("RAILS_ENV",),
        choices=("production", "development", "testing", "test"),
    ),
    Setting("llmio.data", "LLMIO_DATA", default="var", help="Folder for what the embedded parts and local files keep."),
    Setting("database.url", "DATABASE_URL", help="PostgreSQL; empty: `llmio up` starts its own.", secret=True),
    Setting("redis.url", "REDIS_URL", help="Valkey or Redis; empty: `llmio up` starts its own.", secret=True),
    Setting(
        "redis.queue_url", "REDIS_QUEUE_URL", help="Redis for the queues, where it is another one than REDIS_URL.",
        secret=True,
    ),
    Setting("site.name", "SITE_NAME", default="llmio", help="Name of this site, in pages and mails."),
    Setting("site.description", "SITE_DESCRIPTION", default="", help="One sentence under the name."),
    Setting("site.host", "CANONICAL_HOST", default="localhost", help="Host name in links that leave the site."),
    Setting("site.port", "CANONICAL_PORT", "int", help="Port in such links, where it is not the usual one."),
    Setting("site.ssl", "FORCE_SSL", "bool", default=False, help="Links with https, HSTS, secure cookies."),
    Setting("site.assume_ssl", "ASSUME_SSL", "bool", default=False, help="A proxy in front ends TLS."),
    Setting("site.port_listen", "PORT", "int", 3000, "Port the web server listens on."),
    Setting("site.support_email", "SUPPORT_EMAIL", help="Where people may write to when something does not work."),
    Setting(
        "security.secret",
        "SECRET_COOKIE_TOKEN",
        secret=True,
        aliases=("SECRET_COOKIE_SECRET", "SECRET_KEY_BASE"),
        help="Signs cookies and links; at least 32 characters. `llmio up` makes one at its first start.",
    ),
    Setting("text.max_length", "LMO_MAX_MESSAGE_LENGTH", "int", 100_000, "Longest body of a text, in characters."),
    Setting("channels.url", "CHANNELS_URL", aliases=("CHANNELS_URI",), help="Socket.IO address given to browsers."),
    Setting("features.default_path", "FEATURES_DEFAULT_PATH", default="/dashboard", help="Where / leads to."),
    Setting(
        "features.disable_create_user", "FEATURES_DISABLE_CREATE_USER", "bool", default=False,
        help="Nobody signs up without an invitation.",
    ),
    Setting(
        "features.disable_create_group", "FEATURES_DISABLE_CREATE_GROUP", "bool", default=False,
        help="Only administrators of the site start groups.",
    ),
)
