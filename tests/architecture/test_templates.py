"""What templates name exists: icons in the sprite, Stimulus controllers in the bundle, built assets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted([*ROOT.glob("llmio/web/templates/**/*.jinja2"), *ROOT.glob("plugins/*/llmio_*/**/*.jinja2")])
# Where the name of an icon stands among the arguments of a component.
POSITION = {
    "icon": 0,
    "empty_state": 0,
    "event_line": 0,
    "menu": 1,
    "menu_link": 2,
    "menu_form": 2,
    "pill": 2,
    "alert": 2,
}
# Icons of options are words of the poll, translated to icons by the component.
OPTIONS = {"agree", "abstain", "disagree", "block", "consent", "objection", "none", "undecided"}
environment = jinja2.Environment(
    extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=True
)


def constants(node: nodes.Node) -> Iterator[str]:
    """The texts an expression may give."""
    if isinstance(node, nodes.Const):
        if isinstance(node.value, str):
            yield node.value
    elif isinstance(node, nodes.CondExpr):
        yield from constants(node.expr1)
        if node.expr2 is not None:
            yield from constants(node.expr2)
    elif isinstance(node, nodes.Or):
        yield from constants(node.left)
        yield from constants(node.right)


def icons(tree: nodes.Template) -> Iterator[str]:
    """The names of icons that stand in a template as words."""
    for call in tree.find_all(nodes.Call):
        name = call.node.name if isinstance(call.node, nodes.Name) else ""
        place = POSITION.get(name)
        if place is not None and len(call.args) > place:
            yield from constants(call.args[place])
        for keyword in call.kwargs:
            if keyword.key == "icon_name" and name != "vote_option":
                yield from constants(keyword.value)
    for pair in tree.find_all(nodes.Pair):
        if isinstance(pair.key, nodes.Const) and pair.key.value == "icon":
            yield from constants(pair.value)


@pytest.fixture(scope="module")
def sprite() -> set[str]:
    dist = ROOT / "llmio/web/static/dist"
    built = json.loads((dist / "manifest.json").read_text())
    return set(re.findall(r'<symbol id="([^"]+)"', (dist / built["icons.svg"]).read_text()))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_icon_is_in_the_sprite(path: Path, sprite: set[str]) -> None:
    named = set(icons(environment.parse(path.read_text()))) - OPTIONS - {""}
    assert named <= sprite, f"add to frontend/icons.txt and run make assets: {sorted(named - sprite)}"


def test_a_missing_icon_would_be_found() -> None:
    tree = environment.parse(
        '{{ menu_link("a", "/b", "no-such" if x else "bell") }}{{ icon("cat") }}{{ f([{"icon": "dog"}]) }}'
    )
    assert set(icons(tree)) == {"no-such", "bell", "cat", "dog"}


def test_each_controller_is_registered() -> None:
    entry = (ROOT / "frontend/controllers/app.js").read_text()
    known = set(re.findall(r'^  "?([a-z-]+)"?: [A-Z]\w+,$', entry, re.MULTILINE))
    used = {
        name
        for path in TEMPLATES
        for names in re.findall(r'data-controller="([^"{]*)', path.read_text())
        for name in names.split()
    }
    assert used
    assert used <= known


def test_each_built_asset_is_there() -> None:
    dist = ROOT / "llmio/web/static/dist"
    built = json.loads((dist / "manifest.json").read_text())
    assert {"app.css", "app.js", "icons.svg", "favicon.svg"} <= built.keys()
    assert [name for name in built.values() if not (dist / name).is_file()] == []
    assert [one for one in built.values() if not one.endswith(".woff2") and not (dist / f"{one}.gz").is_file()] == []


def test_templates_keep_to_the_policy() -> None:
    """No inline style or script in pages: the content security policy refuses them (mails are another matter)."""
    inline = re.compile(r"<style|<script(?![^>]*\ssrc=)|\sstyle=\"|\son[a-z]+=\"", re.IGNORECASE)
    pages = [path for path in TEMPLATES if "/mail/" not in str(path)]
    assert [str(path.relative_to(ROOT)) for path in pages if inline.search(path.read_text())] == []


def test_components_are_imported_once_for_the_process() -> None:
    """An import `with context` makes the component anew for each page; that cost a third of the time of a page."""
    context = re.compile(r'from "(?:llmio:web/templates/)?components/[^"]+" import [^%]+ with context')
    assert [str(path.relative_to(ROOT)) for path in TEMPLATES if context.search(path.read_text())] == []
