"""Text for people: lazy gettext, resolved in the reader's language when rendered."""

from __future__ import annotations

import gettext as _gettext
from contextvars import ContextVar
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

LOCALE_DIR = Path(__file__).resolve().parent.parent / "locale"
DOMAIN = "llmio"
DEFAULT = "en"

current: ContextVar[str] = ContextVar("llmio_locale", default=DEFAULT)
"""The reader's language for the work at hand; set per request and per recipient."""


@lru_cache(maxsize=64)
def translations(locale: str) -> _gettext.NullTranslations:
    """The catalogue of a language, or one that returns its keys."""
    return _gettext.translation(DOMAIN, LOCALE_DIR, [locale, locale.split("_", maxsplit=1)[0]], fallback=True)


@lru_cache(maxsize=1)
def available() -> tuple[tuple[str, str], ...]:
    """Languages that have texts, as (code, name in the language itself)."""
    from babel import Locale  # noqa: PLC0415  # slow

    there = {path.parent.parent.name for path in LOCALE_DIR.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")} | {DEFAULT}
    return tuple((code, (Locale.parse(code).display_name or code).capitalize()) for code in sorted(there))


def spoken(locale: str) -> str:
    """The language in which texts come to who reads this one: the same where there are texts in it, else the default."""
    there = {code for code, _name in available()}
    return next((one for one in (locale, locale.split("_", maxsplit=1)[0]) if one in there), DEFAULT)


def day_text(day: date) -> str:
    """A day without a time of day, as people write it in the reader's language."""
    from babel import UnknownLocaleError  # noqa: PLC0415  # slow
    from babel.dates import format_date  # noqa: PLC0415  # slow

    try:
        return str(format_date(day, "medium", locale=current.get().replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return str(format_date(day, "medium", locale=DEFAULT))


class Lazy:
    """A text that is looked up when it is shown, not when it is defined."""

    __slots__ = ("text", "values")

    def __init__(self, text: str, values: dict[str, Any] | None = None) -> None:
        self.text = text
        self.values = values or {}

    def __str__(self) -> str:
        found = translations(current.get()).gettext(self.text)
        return found.format(**self.values) if self.values else found

    def __html__(self) -> str:
        from markupsafe import escape  # noqa: PLC0415  # optional: only pages need it

        return str(escape(str(self)))

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"_({self.text!r})"

    def __len__(self) -> int:
        return len(str(self))


def _(text: str, **values: Any) -> Lazy:
    """Mark a text for translation; `values` fill its {places}."""
    return Lazy(text, values)


def ngettext(one: str, many: str, count: int, **values: Any) -> str:
    """The singular or plural form in the reader's language, filled with `count` and `values`."""
    return translations(current.get()).ngettext(one, many, count).format(count=count, **values)
