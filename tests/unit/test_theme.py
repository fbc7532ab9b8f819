"""The operator's colours: whatever is chosen, text stays readable."""

from __future__ import annotations

import re

import pytest

from llmio.core.settings import Setting, Settings, load
from llmio.web import theme

DECLARED = (
    Setting("theme.primary", "THEME_LIGHT_PRIMARY", aliases=("THEME_PRIMARY_COLOR",)),
    Setting("theme.dark_primary", "THEME_DARK_PRIMARY"),
)


def settings(**env: str) -> Settings:
    """Settings as these variables make them."""
    return load(DECLARED, {}, env)


def values(block: str) -> dict[str, theme.Colour]:
    """The properties of one block of the sheet."""
    found = {name: theme.parse(text) for name, text in re.findall(r"--ll-([\w-]+):(#[0-9a-f]{6});", block)}
    return {name: colour for name, colour in found.items() if colour}


@pytest.mark.parametrize(
    "colour", ["#3355c4", "#ffee00", "#000000", "#ffffff", "#808080", "#f0a", "#658AE7", "#00ff00"]
)
def test_whatever_colour_is_chosen_can_be_read(colour: str) -> None:
    light, dark, device = theme.style(settings(THEME_PRIMARY_COLOR=colour)).split("\n")
    assert dark.split("{")[1] in device
    for block, ground in ((light, theme.LIGHT), (dark, theme.DARK)):
        found = values(block)
        page = theme.parse(ground)
        assert page
        assert theme.contrast(found["accent-text"], page) >= 4.5
        assert theme.contrast(found["accent-text"], found["accent-soft"]) >= 4.5
        assert theme.contrast(found["on-accent"], found["accent"]) >= 4.5


def test_light_and_dark_may_differ() -> None:
    light, dark, _device = theme.style(settings(THEME_LIGHT_PRIMARY="#112233", THEME_DARK_PRIMARY="#445566")).split(
        "\n"
    )
    assert "--ll-accent:#112233;" in light
    assert "--ll-accent:#445566;" in dark


def test_nothing_chosen_changes_nothing() -> None:
    assert theme.style(settings()) == ""
    assert theme.version(settings()) == ""


@pytest.mark.parametrize("text", ["red", "#12345", "#fff;}body{display:none", "#ffff", "url(x)"])
def test_what_is_not_a_colour_is_not_taken(text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert theme.style(settings(THEME_PRIMARY_COLOR=text)) == ""
    assert "is not a colour" in caplog.text


def test_the_version_changes_with_the_colours() -> None:
    assert theme.version(settings(THEME_PRIMARY_COLOR="#112233")) == "112233-0"
