"""Addresses: of this site for links that leave it, and safe ones to lead a person back to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from llmio.core.settings import Settings

UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
"""Browsers drop tabs and newlines and take a backslash for a slash, so that `/\\t/evil` would leave the site."""


def site_url(settings: Settings) -> str:
    """The address of this site, without a slash at the end."""
    secure = settings.on("site.ssl") or settings.on("site.assume_ssl")
    port = settings["site.port"]
    # A port of 80 is what the proxy in front listens on for http, whatever it does for https.
    usual = (80, 443) if secure else (80,)
    host = settings.text("site.host") or "localhost"
    return f"{'https' if secure else 'http'}://{host}{f':{port}' if port and port not in usual else ''}"


def redis_url(settings: Settings) -> str:
    """Where limits, tokens and what is live are kept and published; empty where there is no Redis."""
    return settings.text("redis.cache_url") or settings.text("redis.url")


def absolute(settings: Settings, path: str, **query: object) -> str:
    """A path of this site as an address for mails and webhooks; values that are None are left out of the query."""
    asked = urlencode({name: value for name, value in query.items() if value is not None})
    joint = "&" if "?" in path else "?"
    return f"{site_url(settings)}/{path.lstrip('/')}{joint + asked if asked else ''}"


def safe_path(text: object) -> str | None:
    """A path on this site to lead a person to, or None for anything that could lead elsewhere."""
    if not isinstance(text, str) or len(text) > 2000 or UNSAFE.search(text):
        return None
    if not text.startswith("/") or text.startswith("//"):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else text


def path_in(address: str | None) -> str | None:
    """The path of an address that a browser named (Referer), if it is one to lead a person to."""
    try:
        return safe_path(urlsplit(address or "").path)
    except ValueError:
        return None
