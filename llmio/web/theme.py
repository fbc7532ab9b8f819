"""The operator's colours: from THEME_* variables to the style sheet's own properties, kept readable."""

from __future__ import annotations

import colorsys
import logging
import re
from collections.abc import Mapping
from typing import Any

from pyramid.response import Response

from llmio.core.declared import THEMED
from llmio.core.permissions import Permission
from llmio.core.settings import Settings

log = logging.getLogger(__name__)

HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})\Z", re.IGNORECASE)
READABLE = 4.55
"""Contrast that WCAG AA asks of text, with room for rounding."""
LIGHT, DARK = "#ffffff", "#15171b"
"""The grounds of pages, as in frontend/sass/_tokens.scss."""
GROUND = {"light": LIGHT, "dark": DARK}
ACCENT = {"light": "#3355c4", "dark": "#4467d8"}
INK = {"light": "#1d1f23", "dark": "#e7e9ec"}
"""The accents and texts there."""
TONES = {"error": "danger", "warning": "warning", "success": "success"}
"""What the operator names → what the style sheet does."""
MIDDLE = 0.18
"""Luminance from which on a ground wants dark text."""
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
    chosen = [settings.text(key) for key in KEYS if key in settings.values]
    return "-".join(one.strip("#").lower() or "0" for one in chosen) if any(chosen) else ""


def style(settings: Settings) -> str:
    """The sheet: the accent in light and in dark, each with a text and a hover that can be read, and the other colours."""
    light, dark = (_mode(settings, mode) for mode in ("light", "dark"))
    parts = [f":root{{{light}}}"] if light else []
    if dark:
        parts.append(f'[data-bs-theme="dark"]{{{dark}}}')
        parts.append(f"@media (prefers-color-scheme:dark){{:root:not([data-bs-theme]){{{dark}}}}}")
    return "\n".join(parts)


def _mode(settings: Settings, mode: str) -> str:
    """The properties of one mode; empty where nothing was chosen for it."""
    chosen = {name: parse(settings.text(key)) for name, key in _keys(mode).items() if key in settings.values}
    accent = chosen.get("primary") or (parse(settings.text("theme.primary")) if mode == "dark" else None)
    ground = chosen.get("background")
    found: dict[str, Colour] = {}
    if ground:
        found |= _grounds(ground, mode)
        accent = accent or parse(ACCENT[mode])
    page = ground or parse(GROUND[mode]) or (1.0, 1.0, 1.0)
    text = properties(accent, hexed(page), on=chosen.get("on_primary")) if accent else ""
    for name, prefix in TONES.items():
        if colour := chosen.get(name):
            soft = mixed(colour, page, 0.86)
            tone = readable(colour, soft)
            found |= {prefix: tone, f"{prefix}-soft": soft, f"{prefix}-edge": mixed(colour, page, 0.62)}
            if prefix == "danger":
                found["danger-hover"] = readable(mixed(tone, (0.0, 0.0, 0.0), 0.2), soft)
    if link := chosen.get("anchor"):
        found["accent-text"] = readable(link, mixed(accent or link, page, 0.86))
    return text + _written(found)


def _grounds(ground: Colour, mode: str) -> dict[str, Colour]:
    """The grounds of a page made of one, and texts that can be read on all of them."""
    ink = readable(parse(INK[mode]) or (0.0, 0.0, 0.0), ground)
    shades = {"subtle": 0.03, "raised": 0.05, "hover": 0.07, "pressed": 0.1, "border": 0.13, "code": 0.05, "track": 0.1}
    ends = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    best = max(ends, key=lambda one: contrast(one, ground))
    # Shades go towards the text, but on a middling ground, where that would leave too little between the two, away from it.
    other = ends[1] if best == ends[0] else ends[0]
    towards = ink if contrast(best, mixed(ground, best, shades["border"])) >= READABLE else other
    found = {name: mixed(ground, towards, share) for name, share in shades.items()}
    if luminance(ground) > MIDDLE:
        found["raised"] = ground
    worst = min((ground, found["pressed"]), key=lambda one: contrast(best, one))
    return found | {
        "canvas": ground,
        "text": readable(ink, worst),
        "muted": readable(mixed(ink, ground, 0.3), worst),
        "border-strong": readable(mixed(ink, ground, 0.45), ground, 3.1),
    }


def _keys(mode: str) -> dict[str, str]:
    own = {"primary": "theme.primary" if mode == "light" else "theme.dark_primary", "on_primary": "theme.on_primary"}
    return own | {name: f"theme.{mode}_{name}" for name in THEMED}


KEYS = tuple(dict.fromkeys(key for mode in GROUND for key in _keys(mode).values()))
"""The settings that colours come from."""


def _written(values: Mapping[str, Colour]) -> str:
    return "".join(f"--ll-{name}:{hexed(value)};" for name, value in values.items())


def properties(colour: Colour, ground: str, *, on: Colour | None = None) -> str:
    """Custom properties of one accent on one ground; `on` is what the operator wants for text on it, kept readable."""
    page = parse(ground) or (1.0, 1.0, 1.0)
    soft = mixed(colour, page, 0.86)
    text = readable(colour, soft)
    over = (
        (1.0, 1.0, 1.0)
        if contrast(colour, (1.0, 1.0, 1.0)) >= READABLE
        else readable(mixed(colour, (0, 0, 0), 0.8), colour)
    )
    if on:
        over = readable(on, colour)
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
    return _written(values)


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


def readable(colour: Colour, ground: Colour, wanted: float = READABLE) -> Colour:
    """The colour, made darker or lighter until it can be read on the ground."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour)
    step = -0.01 if luminance(ground) > MIDDLE else 0.01
    while contrast(colour, ground) < wanted and 0 <= lightness <= 1:
        lightness += step
        colour = colorsys.hls_to_rgb(hue, min(max(lightness, 0.0), 1.0), saturation)
    return colour
