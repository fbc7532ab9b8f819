"""Variables of the reference that llmio takes and does nothing with, each with the reason: nobody should wonder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Ignored:
    """Variables that change nothing here. A `*` in a name stands for anything.

    `later`: what they are for is not in llmio yet; else it needs them for nothing, or another program reads them.
    """

    names: tuple[str, ...]
    reason: str
    later: bool = False

    def covers(self, name: str) -> bool:
        """Whether a variable is one of them."""
        return any(fnmatchcase(name, pattern) for pattern in self.names)


def words(text: str) -> tuple[str, ...]:
    """Names, written one after the other."""
    return tuple(text.split())


RAILS = "of Ruby on Rails, which does not run here"
IGNORED: tuple[Ignored, ...] = (
    Ignored(
        words("RAILS_MASTER_KEY"),
        "Opens the file of credentials of Rails; llmio has no such file, and takes secrets from variables.",
    ),
    Ignored(
        words("DEVISE_SECRET_KEY DEVISE_SECRET"),
        "Signs links of Devise; those of llmio are random and kept in the database, signed ones use SECRET_COOKIE_SECRET. "
        "Passwords do not depend on it.",
    ),
    Ignored(
        words("RAILS_SERVE_STATIC_FILES"),
        "The web server always serves its own files, under names that browsers may keep.",
    ),
    Ignored(
        words("PIDFILE BUNDLE_GEMFILE BACKTRACE"), f"A matter {RAILS}; `llmio --traceback` shows where an error is."
    ),
    Ignored(
        words("MIN_THREADS"), "Threads are not started and ended as requests come: RAILS_MAX_THREADS says how many."
    ),
    Ignored(words("USE_SIDEKIQ"), "Jobs always go through the queue, in development, too."),
    Ignored(words("DISABLE_IPSPOOFINGCHECK"), f"Switches off a check {RAILS}; see CLIENT_IP_HEADER."),
    Ignored(words("ACTION_CABLE_URL"), "Live pages go through the channel of CHANNELS_URL alone."),
    Ignored(words("REDIS_POOL_SIZE"), "Each thread has the connection it needs, and no more."),
    Ignored(words("JIT_POLL_COUNTS"), "Results are always counted from the votes when a poll changes."),
    Ignored(
        words("VIRTUAL_HOST VIRTUAL_PORT LETSENCRYPT_HOST LETSENCRYPT_EMAIL"),
        "Read by the proxy in front (nginx-proxy and its companion), not by llmio.",
    ),
    Ignored(words("RAILS_INBOUND_EMAIL_URL"), "Read by the mail server that hands mail over (haraka), not by llmio."),
    Ignored(
        words("*_CONTAINER_IMAGE *_CONTAINER_TAG POSTGRES_CONTAINER_* POSTGRES_PASSWORD POSTGRES_DB POSTGRES_USER"),
        "Read by Docker Compose and by the database's image, not by llmio.",
    ),
    Ignored(words("REDIS_MAXMEMORY"), "Read by Redis's container, not by llmio."),
    Ignored(
        words("LOOMIO_SYSTEM_RELOAD"),
        "Pages load themselves anew when the site's scripts or styles have changed.",
    ),
    Ignored(
        words("THEME_LIGHTBLUE_* THEME_DARKBLUE_* THEME_DEFAULT_LIGHT_THEME THEME_DEFAULT_DARK_THEME"),
        "There is one light and one dark theme; THEME_LIGHT_* and THEME_DARK_* change them.",
    ),
    Ignored(
        words("THEME_ACCENT_COLOR THEME_TEXT_ON_ACCENT_COLOR THEME_*_ACCENT THEME_*_ON_ACCENT"),
        "Pages have one accent colour, that of THEME_PRIMARY_COLOR.",
    ),
    Ignored(words("THEME_LIGHT_INFO THEME_DARK_INFO"), "Hints have the colour of the page's text."),
    Ignored(
        words(
            "THEME_*_ON_PRIMARY THEME_*_ON_BACKGROUND THEME_*_SURFACE THEME_*_ON_SURFACE THEME_*_APPBAR "
            "THEME_*_APPBAR_SCROLLED THEME_*_DRAWER THEME_*_THREAD_DRAWER THEME_*_BACKGROUND_GRADIENT"
        ),
        "Texts, bars and surfaces follow from the background and the accent, so that they can always be read.",
    ),
    Ignored(words("FILE_UPLOAD_MAX_MB"), "MAX_ATTACHMENT_BYTES says how large a file may be."),
    Ignored(words("CLEANUP_ENABLED"), "The schedule always sweeps what is over."),
    Ignored(words("CHARGIFY_*"), "There are no paid plans: every group may do everything."),
    Ignored(words("BLAZER_*"), "There is no page for queries in SQL."),
    Ignored(words("FACEBOOK_*"), "Signing in through Facebook is not offered; the reference took it out, too."),
    Ignored(words("TEST_*"), "For those who develop the reference."),
    Ignored(
        words("GOOGLE_APP_* OAUTH_* NEXTCLOUD_* SAML_* LOOMIO_SSO_FORCE_USER_ATTRS"),
        "Signing in through an outside provider: people sign in by mail or password.",
        later=True,
    ),
    Ignored(words("B3_API_KEY"), "The API for other programs of the operator.", later=True),
    Ignored(
        words("THROTTLE_MAX_bounce"),
        "Whoever writes to an address that takes no mail is told so once an hour, and that is kept in the database: a loop of "
        "mails must end even while Redis is down.",
    ),
    Ignored(words("TRANSLATE_CREDENTIALS"), "Translating what people wrote.", later=True),
    Ignored(words("OPENAI_API_KEY"), "Writing down what is said in recordings.", later=True),
    Ignored(
        words("LISTMONK_* NEWSLETTER_ENABLED"), "A newsletter that people may ask for when they sign up.", later=True
    ),
    Ignored(words("PLAUSIBLE_*"), "Counting visits. No page loads a script of others.", later=True),
    Ignored(words("MAPBOX_ACCESS_TOKEN"), "Maps and places.", later=True),
    Ignored(
        words("TURNSTILE_*"), "A riddle for those who sign up. Limits (USE_RACK_ATTACK) hold off robots.", later=True
    ),
    Ignored(words("VAPID_* PUSH_RELAY_URL"), "Notices pushed to browsers and telephones.", later=True),
    Ignored(words("SITE_SHORT_NAME THEME_ICON_MASKABLE_*"), "Installing the site as an app.", later=True),
    Ignored(words("FB_APP_ID_META"), "Pages say nothing to Facebook.", later=True),
    Ignored(words("LOOMIO_HELP_TITLE LOOMIO_HELP_SUBTITLE"), "The link to the help has its own words.", later=True),
    Ignored(
        words("FEATURES_DISABLE_EXAMPLE_CONTENT"),
        "Example threads in new groups: they start empty, as if this were set.",
        later=True,
    ),
    Ignored(words("FEATURES_DEMO_GROUPS FEATURES_DEMO_GROUPS_SIZE"), "Groups to try things in.", later=True),
    Ignored(words("FEATURES_TRIALS TRIAL_DAYS"), "Trials: there are no paid plans.", later=True),
    Ignored(words("FEATURES_TEMPLATE_GALLERY"), "A gallery of templates for threads and polls.", later=True),
)


def ignored(name: str, table: Sequence[Ignored] = IGNORED) -> Ignored | None:
    """Why a variable changes nothing; None where it is none of these."""
    return next((one for one in table if one.covers(name)), None)
