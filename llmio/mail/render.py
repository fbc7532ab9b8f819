"""Mails rendered: HTML with its styles inlined, and its twin in plain text, in the reader's language and time zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import css_inline
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from markupsafe import Markup

from llmio.core import i18n
from llmio.core.urls import absolute, site_url
from llmio.mail.plain import html_to_text

if TYPE_CHECKING:
    from llmio.core.settings import Settings

ENGLISH, BRITISH = Locale("en"), Locale("en", "GB")
SIGNATURE = "-- "
"""The line above a signature, with the blank by which mail programs know it (RFC 3676) and leave what follows out of answers."""
OVERRIDES = dict.fromkeys((0x202D, 0x202E))
"""What would have the words that follow a name run backwards; forms take it off, other systems' data may hold it."""
TEMPLATES = Path(__file__).resolve().parent.parent / "web" / "templates"


class Reader(Protocol):
    """Whom a mail is for: a User, an Identity, or `Recipient` for an address that nobody here has."""

    name: Any
    email: Any


def locale_of(reader: Any) -> str:
    """The language of a reader."""
    for name in ("selected_locale", "detected_locale", "locale"):
        found = getattr(reader, name, None)
        if found:
            return str(found)
    return i18n.DEFAULT


def zone_named(name: str | None) -> ZoneInfo:
    """A zone by its name; UTC for what is none."""
    try:
        return ZoneInfo(name or "UTC")
    except (OSError, ValueError, KeyError):  # not a name, or not a zone's
        return ZoneInfo("UTC")


def zone_of(reader: Any) -> ZoneInfo:
    """The time zone of a reader."""
    return zone_named(getattr(reader, "time_zone", None))


@contextmanager
def language_of(reader: Any) -> Iterator[None]:
    """Have texts looked up in the reader's language meanwhile."""
    token = i18n.current.set(locale_of(reader))
    try:
        yield
    finally:
        i18n.current.reset(token)


def babel_locale(reader: Any) -> Locale:
    """The language of a reader, as Babel knows it."""
    locale = _babel(locale_of(reader))
    return BRITISH if locale == ENGLISH else locale  # without a country English is written as in the United States


def _babel(code: str) -> Locale:
    try:
        return Locale.parse(code.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(i18n.DEFAULT)


def moment(value: datetime | None, reader: Any, mode: str = "datetime") -> str:
    """A moment as the reader's clock shows it, with the zone's name; mode `date` for the day alone."""
    if value is None:
        return ""
    zone, locale = zone_of(reader), babel_locale(reader)
    day = format_date(value.astimezone(zone), "long", locale)
    if mode == "date":
        return day
    return f"{day}, {format_time(value.astimezone(zone), 'short', locale=locale)} ({zone.key.replace('_', ' ')})"


def _gettext(text: str, **values: Any) -> str:
    return str(i18n.Lazy(text, values))


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates of mails: made of the same tree as pages, without anything that needs a request."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: not (name or "").endswith(".txt.jinja2"),  # noqa: S701  # all but plain text
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.do"],
    )
    made.globals.update(_=_gettext, ngettext=i18n.ngettext)
    made.filters["as_text"] = html_to_text
    made.filters["quoted"] = lambda text: "\n".join(f"> {line}".rstrip() for line in str(text).splitlines())
    return made


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True, keep_style_tags=False)


@lru_cache(maxsize=1)
def styles() -> Markup:
    """The style sheet of mails."""
    return Markup((TEMPLATES / "mail" / "mail.css").read_text())  # noqa: S704  # our own file


def render(
    settings: Settings, reader: Any, template: str, values: Mapping[str, Any], *, kind: str = ""
) -> tuple[str, str]:
    """(HTML, text) of `<name>.jinja2`; the text is made of `<name>.txt.jinja2`, or of the HTML where there is none.

    Templates extend `mail/layout.jinja2` (`mail/layout.txt.jinja2`) and see, beside the values: `to`, `site_name`,
    `site_url`, `url(path, …)` for links that say they came by mail, `moment(time, mode)`, `locale`, `kind`.
    """
    with language_of(reader):
        spoken = i18n.spoken(locale_of(reader))
        common: dict[str, Any] = {
            "to": reader,
            "kind": kind,
            "locale": spoken.replace("_", "-"),
            "text_direction": _babel(spoken).text_direction,
            "site_name": settings.text("site.name"),
            "site_url": site_url(settings),
            "header_logo": _address(settings, "theme.mail_header"),
            "footer_logo": _address(settings, "theme.mail_footer"),
            "support_email": settings.text("site.support_email"),
            "url": lambda path, **query: absolute(
                settings, path, utm_medium="email", utm_campaign=kind or None, **query
            ),
            "moment": lambda value, mode="datetime": moment(value, reader, mode),
            "styles": styles(),
            "why": "",
            "unsubscribe_url": "",
            "delimiter": "",
            **values,
        }
        page = environment().get_template(template).render(common)
        text = _text_of(template, common, page)
        return _inliner().inline(page).translate(OVERRIDES), text.translate(OVERRIDES)


def _address(settings: Settings, key: str) -> str:
    """Of a picture: whole, since a mail has no site around it."""
    given = settings.text(key)
    return absolute(settings, given) if given.startswith("/") else given


def _text_of(template: str, values: Mapping[str, Any], page: str) -> str:
    twin = template.removesuffix(".jinja2") + ".txt.jinja2"
    try:
        found = environment().get_template(twin)
    except TemplateNotFound:
        return html_to_text(page) + "\n"
    lines = [line if line == SIGNATURE else line.rstrip() for line in found.render(values).splitlines()]
    return "\n".join(_no_double_gaps(lines)).strip() + "\n"


def _no_double_gaps(lines: list[str]) -> Iterator[str]:
    before = ""
    for line in lines:
        if line or before:
            yield line
        before = line
