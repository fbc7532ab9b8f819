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
    Setting(
        "llmio.cache",
        "LLMIO_CACHE",
        help="Folder for what can be made again (compiled templates); empty: `cache` in LLMIO_DATA.",
    ),
    Setting(
        "llmio.task",
        "TASK",
        "choice",
        "web",
        "What a container of the image is (`llmio task`).",
        choices=("web", "worker", "channels", "hocuspocus", "smtp"),
    ),
    Setting("database.url", "DATABASE_URL", help="PostgreSQL; empty: `llmio up` starts its own.", secret=True),
    Setting("redis.url", "REDIS_URL", help="Valkey or Redis; empty: `llmio up` starts its own.", secret=True),
    Setting(
        "redis.queue_url",
        "REDIS_QUEUE_URL",
        help="Redis for the queues, where it is another one than REDIS_URL.",
        secret=True,
    ),
    Setting("site.name", "SITE_NAME", default="llmio", help="Name of this site, in pages and mails."),
    Setting("site.description", "SITE_DESCRIPTION", default="", help="One sentence under the name."),
    Setting("site.host", "CANONICAL_HOST", default="localhost", help="Host name in links that leave the site."),
    Setting("site.port", "CANONICAL_PORT", "int", help="Port in such links, where it is not the usual one."),
    Setting("site.ssl", "FORCE_SSL", "bool", default=False, help="Links with https, HSTS, secure cookies."),
    Setting("site.assume_ssl", "ASSUME_SSL", "bool", default=False, help="A proxy in front ends TLS."),
    Setting("site.port_listen", "PORT", "int", 3000, "Port the web server listens on."),
    Setting(
        "server.stop_seconds",
        "LLMIO_STOP_SECONDS",
        "int",
        30,
        "Seconds that requests under way are given when the web server is told to end.",
    ),
    Setting(
        "theme.primary",
        "THEME_LIGHT_PRIMARY",
        aliases=("THEME_PRIMARY_COLOR",),
        help="Colour of buttons and links, as #3355c4; where it would be hard to read, its shade is shifted.",
    ),
    Setting("theme.dark_primary", "THEME_DARK_PRIMARY", help="The same in the dark; empty: as in the light."),
    Setting("theme.logo", "THEME_APP_LOGO_SRC", help="Address of a picture that stands for the name in the top bar."),
    Setting("site.support_email", "SUPPORT_EMAIL", help="Where people may write to when something does not work."),
    Setting(
        "security.secret",
        "SECRET_COOKIE_TOKEN",
        secret=True,
        aliases=("SECRET_COOKIE_SECRET", "SECRET_KEY_BASE"),
        help="Signs cookies and links; at least 32 characters. `llmio up` makes one at its first start.",
    ),
    Setting(
        "metrics.token",
        "LLMIO_METRICS_TOKEN",
        secret=True,
        help="Who sends it as bearer token may read /metrics; empty: who asks from this machine or its network, past the "
        "proxy.",
    ),
    Setting("text.max_length", "LMO_MAX_MESSAGE_LENGTH", "int", 100_000, "Longest body of a text, in characters."),
    Setting("channels.url", "CHANNELS_URL", aliases=("CHANNELS_URI",), help="Socket.IO address given to browsers."),
    Setting("channels.port", "CHANNELS_PORT", "int", 5000, "Port that `llmio channels` listens on."),
    Setting(
        "channels.origin",
        "PUBLIC_APP_URL",
        aliases=("APP_URL",),
        help="Address of the site in browsers, which may open live channels; empty: made from CANONICAL_HOST.",
    ),
    Setting(
        "site.private",
        "PRIVATE_APP_URL",
        help="Address of the site as the services beside it reach it, such as http://app:3000; empty: PUBLIC_APP_URL.",
    ),
    Setting(
        "hocuspocus.url",
        "HOCUSPOCUS_URL",
        aliases=("HOCUSPOCUS_URI",),
        help="Address given to browsers for writing together, such as wss://hocuspocus.example.org; empty: everyone "
        "writes alone.",
    ),
    Setting("hocuspocus.port", "HOCUSPOCUS_PORT", "int", 4444, "Port that `llmio hocuspocus` listens on."),
    Setting(
        "hocuspocus.keep_days",
        "HOCUSPOCUS_KEEP_DAYS",
        "int",
        30,
        "Days that a text under way is kept when nobody changes it.",
    ),
    Setting(
        "hocuspocus.check_seconds",
        "HOCUSPOCUS_CHECK_SECONDS",
        "int",
        60,
        "How often it is asked again whether people may still write.",
    ),
    Setting(
        "hocuspocus.connections", "HOCUSPOCUS_CONNECTIONS", "int", 5000, "Connections that one server takes at a time."
    ),
    Setting(
        "worker.concurrency",
        "LLMIO_WORKER_CONCURRENCY",
        "int",
        aliases=("SIDEKIQ_CONCURRENCY", "JOB_CONCURRENCY"),
        help="Jobs that one worker runs at a time; where unset 20, in development 5.",
    ),
    Setting(
        "worker.job_limit",
        "LLMIO_JOB_LIMIT",
        "int",
        600,
        "Seconds after which a job is taken for hanging and given up; jobs that take long by nature have 6 hours.",
    ),
    Setting("features.default_path", "FEATURES_DEFAULT_PATH", default="/dashboard", help="Where / leads to."),
    Setting(
        "features.disable_create_user",
        "FEATURES_DISABLE_CREATE_USER",
        "bool",
        default=False,
        help="Nobody signs up without an invitation.",
    ),
    Setting(
        "features.disable_create_group",
        "FEATURES_DISABLE_CREATE_GROUP",
        "bool",
        default=False,
        help="Only administrators of the site start groups.",
    ),
    Setting("limits.on", "USE_RACK_ATTACK", "bool", default=True, help="Limit how often an address may do something."),
    Setting(
        "limits.rate_factor",
        "RACK_ATTACK_RATE_MULTPLIER",
        "float",
        help="Multiplies all limits; 1 where nothing is set, 100 in development, where all come from one address.",
    ),
    Setting(
        "limits.time_factor", "RACK_ATTACK_TIME_MULTPLIER", "float", 1.0, "Multiplies the hour and the day they hold."
    ),
    Setting(
        "limits.ip_header",
        "CLIENT_IP_HEADER",
        help="Header in which a trusted proxy names the client (CF-Connecting-IP); empty: the last entry of "
        "X-Forwarded-For, believed only from proxies with a private address.",
    ),
)
