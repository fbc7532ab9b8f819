"""The settings of the core and of the site as a whole; features declare their own beside their code."""

from __future__ import annotations

from llmio.core.declared_safety import SAFETY
from llmio.core.declared_switches import SWITCHES
from llmio.core.settings import Setting

THEMED = {
    "anchor": "Colour of links",
    "error": "Colour of faults and of what destroys",
    "warning": "Colour of warnings",
    "success": "Colour of what went well",
    "background": "Ground of pages",
}
"""Parts of a theme that the operator may colour, beside the accent."""

"""What the operator may switch; all but signing in also on the page /admin/features, where no variable says otherwise."""

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
    Setting(
        "database.url",
        "DATABASE_URL",
        help="PostgreSQL; empty: `llmio up` starts its own.",
        secret=True,
        like="database",
    ),
    Setting(
        "database.seconds",
        "LLMIO_DATABASE_SECONDS",
        "int",
        15,
        "Seconds that a page waits for an answer of the database; then it is told that the site is not available now. "
        "Jobs and commands wait as long as it takes.",
        within=(2, 3600),
    ),
    Setting(
        "redis.url", "REDIS_URL", help="Valkey or Redis; empty: `llmio up` starts its own.", secret=True, like="redis"
    ),
    Setting(
        "redis.cache_url",
        "REDIS_CACHE_URL",
        help="Redis for limits and for what is live, where it is another one than REDIS_URL.",
        secret=True,
        like="redis",
    ),
    Setting(
        "redis.queue_url",
        "REDIS_QUEUE_URL",
        help="Redis for the queues, where it is another one than REDIS_URL.",
        secret=True,
        like="redis",
    ),
    Setting("site.name", "SITE_NAME", default="llmio", help="Name of this site, in pages and mails."),
    Setting("site.description", "SITE_DESCRIPTION", default="", help="One sentence under the name."),
    Setting(
        "site.host", "CANONICAL_HOST", default="localhost", help="Host name in links that leave the site.", like="host"
    ),
    Setting(
        "site.port",
        "CANONICAL_PORT",
        "int",
        help="Port in such links, where it is not the usual one.",
        within=(1, 65535),
    ),
    Setting(
        "site.ssl",
        "FORCE_SSL",
        "bool",
        default=False,
        help="Links with https, HSTS, secure cookies; who comes by http is led to https, but for machines' doors (/up, "
        "/health, incoming mail). The proxy in front must send X-Forwarded-Proto, or set ASSUME_SSL.",
    ),
    Setting(
        "site.assume_ssl",
        "ASSUME_SSL",
        "bool",
        default=False,
        help="A proxy in front ends TLS: every request counts as one by https, and nobody is led there.",
    ),
    Setting("web.host", "HOST", default="127.0.0.1", help="Address the web server listens on."),
    Setting("site.port_listen", "PORT", "int", 3000, "Port the web server listens on.", within=(1, 65535)),
    Setting(
        "web.workers",
        "WEB_CONCURRENCY",
        "int",
        2,
        "Processes of the web server; auto: one for each processor. 0 counts as 1.",
        aliases=("PUMA_WORKERS",),
        choices=("auto",),
        within=(0, 1000),
    ),
    Setting(
        "web.threads",
        "RAILS_MAX_THREADS",
        "int",
        3,
        "Threads of each of them.",
        aliases=("MAX_THREADS",),
        within=(1, 1000),
    ),
    Setting("log.zone", "TZ", help="Time zone of the log, such as Europe/Berlin; empty: that of the machine."),
    Setting(
        "log.format",
        "LLMIO_LOG_FORMAT",
        "choice",
        "text",
        "Lines for people, or JSON objects for programs, with one for each request.",
        choices=("text", "json"),
    ),
    Setting(
        "log.level",
        "LLMIO_LOG_LEVEL",
        "choice",
        "info",
        "From where on the log tells.",
        aliases=("RAILS_LOG_LEVEL",),
        choices=("debug", "info", "warn", "warning", "error", "fatal", "unknown"),
    ),
    Setting(
        "site.notice",
        "LOOMIO_SYSTEM_NOTICE",
        help="A notice at the top of every page, such as one of maintenance to come.",
        switch="site",
    ),
    Setting(
        "site.help_url",
        "HELP_URL",
        aliases=("LOOMIO_HELP_URL",),
        help="Help for people; linked from the menu.",
        like="link",
    ),
    Setting(
        "site.robots",
        "ALLOW_ROBOTS",
        "bool",
        default=False,
        help="Search engines may look at what is public (/robots.txt).",
        switch="site",
    ),
    Setting(
        "server.stop_seconds",
        "LLMIO_STOP_SECONDS",
        "int",
        30,
        "Seconds that requests under way are given when the web server is told to end.",
        within=(0, 3600),
    ),
    Setting(
        "theme.primary",
        "THEME_LIGHT_PRIMARY",
        aliases=("THEME_PRIMARY_COLOR",),
        help="Colour of buttons and links, as #3355c4; where it would be hard to read, its shade is shifted.",
        like="colour",
    ),
    Setting(
        "theme.dark_primary", "THEME_DARK_PRIMARY", help="The same in the dark; empty: as in the light.", like="colour"
    ),
    Setting(
        "theme.on_primary",
        "THEME_TEXT_ON_PRIMARY_COLOR",
        help="Colour of the text on buttons of that colour.",
        like="colour",
    ),
    *(
        Setting(
            f"theme.{mode}_{name}",
            f"THEME_{mode.upper()}_{name.upper()}",
            help=f"{words} in the {mode} theme.",
            like="colour",
        )
        for mode in ("light", "dark")
        for name, words in THEMED.items()
    ),
    Setting(
        "theme.logo",
        "THEME_APP_LOGO_SRC",
        help="Address of a picture that stands for the name in the top bar.",
        like="link",
    ),
    Setting("theme.icon", "THEME_ICON_SRC", help="Address of the picture that browsers show on the tab.", like="link"),
    Setting(
        "theme.mail_header",
        "THEME_EMAIL_HEADER_LOGO_SRC",
        help="Address of a picture at the top of mails, in place of the name.",
        like="link",
    ),
    Setting(
        "theme.mail_footer",
        "THEME_EMAIL_FOOTER_LOGO_SRC",
        help="Address of a picture at the end of mails.",
        like="link",
    ),
    Setting(
        "theme.invitation",
        "THEME_DEFAULT_INVITATION_MESSAGE",
        help="What the message of an invitation says until somebody writes their own.",
    ),
    Setting(
        "site.support_email",
        "SUPPORT_EMAIL",
        help="Where people may write to when something does not work.",
        like="address",
    ),
    Setting(
        "security.secret",
        "SECRET_COOKIE_TOKEN",
        secret=True,
        over=("SECRET_KEY_BASE",),
        aliases=("SECRET_COOKIE_SECRET",),
        help="Signs cookies and links; at least 32 characters. `llmio up` makes one at its first start.",
    ),
    Setting(
        "sentry.dsn",
        "SENTRY_DSN",
        secret=True,
        aliases=("SENTRY_PUBLIC_DSN",),
        help="Where errors are reported to (Sentry, GlitchTip); empty: the log alone.",
        like="web",
    ),
    Setting(
        "sentry.sample_rate",
        "SENTRY_SAMPLE_RATE",
        "float",
        0.1,
        "Share of requests and jobs whose course is reported.",
        within=(0, 1),
    ),
    Setting(
        "sentry.profiles_rate",
        "SENTRY_PROFILES_SAMPLE_RATE",
        "float",
        1.0,
        "Share of those that are profiled, too.",
        within=(0, 1),
    ),
    Setting(
        "metrics.token",
        "LLMIO_METRICS_TOKEN",
        secret=True,
        help="Who sends it as bearer token may read /metrics; empty: who asks from this machine or its network, past the "
        "proxy.",
    ),
    Setting(
        "text.max_length",
        "LMO_MAX_MESSAGE_LENGTH",
        "int",
        100_000,
        "Longest body of a text, in characters.",
        within=(1, 10_000_000),
    ),
    Setting(
        "channels.url",
        "CHANNELS_URL",
        aliases=("CHANNELS_URI",),
        help="Socket.IO address given to browsers.",
        like="socket",
    ),
    Setting("channels.port", "CHANNELS_PORT", "int", 5000, "Port that `llmio channels` listens on.", within=(1, 65535)),
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
        like="web",
    ),
    Setting(
        "hocuspocus.url",
        "HOCUSPOCUS_URL",
        aliases=("HOCUSPOCUS_URI",),
        help="Address given to browsers for writing together, such as wss://hocuspocus.example.org; empty: everyone "
        "writes alone.",
        like="socket",
    ),
    Setting(
        "hocuspocus.port", "HOCUSPOCUS_PORT", "int", 4444, "Port that `llmio hocuspocus` listens on.", within=(1, 65535)
    ),
    Setting(
        "hocuspocus.keep_days",
        "HOCUSPOCUS_KEEP_DAYS",
        "int",
        30,
        "Days that a text under way is kept when nobody changes it.",
        within=(0, 36500),
    ),
    Setting(
        "hocuspocus.check_seconds",
        "HOCUSPOCUS_CHECK_SECONDS",
        "int",
        60,
        "How often it is asked again whether people may still write.",
        within=(1, 86400),
    ),
    Setting(
        "hocuspocus.connections",
        "HOCUSPOCUS_CONNECTIONS",
        "int",
        5000,
        "Connections that one server takes at a time.",
        within=(1, 1000000),
    ),
    Setting(
        "worker.concurrency",
        "LLMIO_WORKER_CONCURRENCY",
        "int",
        aliases=("SIDEKIQ_CONCURRENCY", "JOB_CONCURRENCY"),
        help="Jobs that one worker runs at a time; where unset 20, in development 5.",
        within=(1, 1000),
    ),
    Setting(
        "worker.job_limit",
        "LLMIO_JOB_LIMIT",
        "int",
        600,
        "Seconds after which a job is taken for hanging and given up; jobs that take long by nature have 6 hours.",
        within=(1, 604800),
    ),
    *SWITCHES,
    *SAFETY,
)
