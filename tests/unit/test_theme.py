"""The operator's colours: whatever is chosen, text stays readable."""

from __future__ import annotations

import re

import pytest

from llmio.core.declared import THEMED
from llmio.core.settings import Setting, Settings, load
from llmio.web import theme

DECLARED = (
    Setting("theme.primary", "THEME_LIGHT_PRIMARY", aliases=("THEME_PRIMARY_COLOR",)),
    Setting("theme.dark_primary", "THEME_DARK_PRIMARY"),
    Setting("theme.on_primary", "THEME_TEXT_ON_PRIMARY_COLOR"),
    *(
        Setting(f"theme.{mode}_{name}", f"THEME_{mode.upper()}_{name.upper()}")
        for mode in ("light", "dark")
        for name in THEMED
    ),
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
    versions = {
        theme.version(settings(**chosen))
        for chosen in ({}, {"THEME_PRIMARY_COLOR": "#112233"}, {"THEME_PRIMARY_COLOR": "#112234"},
                       {"THEME_PRIMARY_COLOR": "#112233", "THEME_DARK_ERROR": "#aa0000"})
    }  # fmt: skip
    assert len(versions) == 4


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("ground", ["#ffffff", "#fdf6e3", "#002b36", "#808080", "#000000"])
def test_whatever_ground_is_chosen_texts_can_be_read_on_it(mode: str, ground: str) -> None:
    chosen = settings(**{f"THEME_{mode.upper()}_BACKGROUND": ground})
    block = theme.style(chosen).split("\n")[0]
    found = values(block)
    assert found["canvas"] == theme.parse(ground)
    for under in ("canvas", "subtle", "raised", "hover", "pressed"):
        for over in ("text", "muted"):
            assert theme.contrast(found[over], found[under]) >= 4.5, (over, under)
    assert theme.contrast(found["accent-text"], found["canvas"]) >= 4.5


@pytest.mark.parametrize(("name", "tone"), [("ERROR", "danger"), ("WARNING", "warning"), ("SUCCESS", "success")])
def test_tones_are_chosen_for_each_theme(name: str, tone: str) -> None:
    sheet = theme.style(settings(**{f"THEME_LIGHT_{name}": "#ffcc00"}))
    found = values(sheet)
    assert theme.contrast(found[tone], found[f"{tone}-soft"]) >= 4.5
    assert "dark" not in sheet
    assert theme.version(settings(**{f"THEME_LIGHT_{name}": "#ffcc00"}))


def test_links_and_text_on_buttons_are_chosen() -> None:
    found = values(theme.style(settings(THEME_LIGHT_PRIMARY="#3355c4", THEME_LIGHT_ANCHOR="#aa0000")).split("\n")[0])
    assert found["accent-text"] == theme.parse("#aa0000")
    found = values(theme.style(settings(THEME_PRIMARY_COLOR="#ffee00", THEME_TEXT_ON_PRIMARY_COLOR="#330033")))
    assert found["on-accent"] == theme.parse("#330033")
