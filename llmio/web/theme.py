"""The operator's colours: from THEME_* variables to the style sheet's own properties, kept readable."""

from __future__ import annotations

import colorsys
import logging
import re
from typing import Any

from pyramid.response import Response

from llmio.core.permissions import Permission
from llmio.core.settings import Settings

log = logging.getLogger(__name__)

HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})\Z", re.IGNORECASE)
READABLE = 4.55
"""Contrast that WCAG AA asks of text, with room for rounding."""
LIGHT, DARK = "#ffffff", "#15171b"
"""The grounds of pages, as in frontend/sass/_tokens.scss."""
Colour = tuple[float, float, float]


def includeme(config: Any) -> None:
    """`/theme.css`, where the operator chose colours."""
    sheet = style(config.registry["app"].settings)
    config.add_request_method(lambda request: version(request.app.settings), "theme_version", reify=True)
    config.add_route("theme", "/theme.css", request_method="GET")
    config.add_view(
        lambda request: Response(
            sheet, content_type="text/css", charset="utf-8", cache_control="public, max-age=86400"
        ),
        route_name="theme",
        permission=Permission.PUBLIC,
    )


def version(settings: Settings) -> str:
    """Changes with the colours, so that browsers fetch the sheet anew; empty where none were chosen."""
    chosen = (settings.text("theme.primary"), settings.text("theme.dark_primary"))
    return "-".join(one.strip("#").lower() or "0" for one in chosen) if any(chosen) else ""


def style(settings: Settings) -> str:
    """The sheet: the accent in light and in dark, each with a text and a hover that can be read."""
    light = parse(settings.text("theme.primary"))
    dark = parse(settings.text("theme.dark_primary")) or light
    parts = []
    if light:
        parts.append(f":root{{{properties(light, LIGHT)}}}")
    if dark:
        own = properties(dark, DARK)
        parts.append(f'[data-bs-theme="dark"]{{{own}}}')
        parts.append(f"@media (prefers-color-scheme:dark){{:root:not([data-bs-theme]){{{own}}}}}")
    return "\n".join(parts)


def properties(colour: Colour, ground: str) -> str:
    """Custom properties of one accent on one ground."""
    page = parse(ground) or (1.0, 1.0, 1.0)
    soft = mixed(colour, page, 0.86)
    text = readable(colour, soft)
    over = (
        (1.0, 1.0, 1.0)
        if contrast(colour, (1.0, 1.0, 1.0)) >= READABLE
        else readable(mixed(colour, (0, 0, 0), 0.8), colour)
    )
    away = (0.0, 0.0, 0.0) if contrast(over, (1.0, 1.0, 1.0)) < READABLE else (1.0, 1.0, 1.0)
    values = {
        "accent": colour,
        "accent-hover": mixed(colour, away, 0.14),
        "on-accent": over,
        "accent-text": text,
        "focus": text,
        "accent-soft": soft,
        "accent-edge": mixed(colour, page, 0.62),
    }
    return "".join(f"--ll-{name}:{hexed(value)};" for name, value in values.items())


def parse(text: str) -> Colour | None:
    """#rgb or #rrggbb; anything else is not taken, and said in the log."""
    if not text:
        return None
    if not HEX.match(text):
        log.warning("%r is not a colour; write it as #3355c4", text)
        return None
    digits = text[1:] if len(text) == 7 else "".join(one * 2 for one in text[1:])
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def hexed(colour: Colour) -> str:
    """As #rrggbb."""
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """A colour with a share of another."""
    red, green, blue = (one * (1 - share) + two * share for one, two in zip(colour, other, strict=True))
    return red, green, blue


def luminance(colour: Colour) -> float:
    """Relative luminance by WCAG."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, two: Colour) -> float:
    """Contrast ratio by WCAG, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)


def readable(colour: Colour, ground: Colour) -> Colour:
    """The colour, made darker or lighter until it can be read on the ground."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour)
    step = -0.01 if luminance(ground) > 0.18 else 0.01
    while contrast(colour, ground) < READABLE and 0 <= lightness <= 1:
        lightness += step
        colour = colorsys.hls_to_rgb(hue, min(max(lightness, 0.0), 1.0), saturation)
    return colour
