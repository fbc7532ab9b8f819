"""Times as people say them: the server's words, which stand until the browser knows better."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta

Mode = Literal["relative", "date", "datetime", "deadline"]

FAR = timedelta(days=30)


@lru_cache(maxsize=64)
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def time_text(
    moment: datetime, mode: Mode = "relative", *, now: datetime, zone: str = "UTC", locale: str = "en"
) -> tuple[str, str]:
    """What to show and, for the title, the exact time with its zone."""
    place, words = _zone(zone), _locale(locale)
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(place)
    # The title is put into words by the browser; here it is only exact, as long threads show hundreds of times.
    exact = f"{moment:%Y-%m-%d %H:%M %Z}"
    if mode == "datetime":
        return format_datetime(moment, "d MMM y, HH:mm", locale=words), exact
    away = moment - now
    if mode == "date" or abs(away) > FAR:
        return format_date(moment, "medium", locale=words), exact
    return format_timedelta(away, add_direction=True, threshold=0.9, locale=words), exact
