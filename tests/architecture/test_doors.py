"""Routes, views, templates and icons fit together."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

import pytest
from jinja2 import Environment, nodes

from llmio import web
from llmio.mail.render import environment as mail_environment
from tests.architecture import written
from tests.architecture.sources import ROOT, python, short, templates, walked

WEB = ROOT / "llmio/web/templates"


@pytest.fixture(scope="module")
def config():
    made = web.configurator(written.app())
    made.commit()
    return made


@pytest.fixture(scope="module")
def pages(config) -> Environment:
    return config.get_jinja2_environment()


def introspected(config, category):
    return [one["introspectable"] for one in config.introspector.get_category(category)]


def test_every_route_has_a_view(config):
    seen = {view["route_name"] for view in introspected(config, "views")}
    assert [route["name"] for route in introspected(config, "routes") if route["name"] not in seen] == []


def test_every_view_has_a_route(config):
    names = {route["name"] for route in introspected(config, "routes")}
    views = introspected(config, "views")
    assert len(views) > 20
    assert [view["route_name"] for view in views if view["route_name"] and view["route_name"] not in names] == []


def test_routes_are_named_by_feature_and_act(config):
    own = [route["name"] for route in introspected(config, "routes") if not route["name"].startswith("__")]
    assert [name for name in own if not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+|[a-z]+", name)] == []


def test_no_two_routes_hide_each_other(config):
    patterns = [re.sub(r"\{\w+", "{", route["pattern"]) for route in introspected(config, "routes")]
    assert sorted({one for one in patterns if patterns.count(one) > 1}) == []


def environment_of(path, pages: Environment) -> Environment:
    return mail_environment() if path.is_relative_to(WEB / "mail") else pages


@pytest.mark.parametrize("path", templates(), ids=short)
def test_every_template_can_be_compiled(path, pages):
    environment_of(path, pages).compile(path.read_text(), filename=short(path))


@pytest.mark.parametrize("path", templates(), ids=short)
def test_every_template_that_is_named_exists(path, pages):
    environment = environment_of(path, pages)
    named = [
        name
        for node in environment.parse(path.read_text()).find_all(
            (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
        )
        for name in constants(node.template)
    ]
    assert [name for name in named if not exists(name)] == []


def exists(name: str) -> bool:
    package, colon, inner = name.rpartition(":")
    if not colon:
        return (WEB / name).exists()
    return any((folder / inner).exists() for folder in [ROOT / package, *ROOT.glob(f"plugins/*/{package}")])


def test_every_template_that_python_names_exists():
    named = {
        (short(path), name)
        for path in python("llmio", "plugins")
        if "/tests/" not in short(path)
        for name in re.findall(r"\"([\w/:]+(?:\.\w+)?\.jinja2)\"", path.read_text())
    }
    assert named
    assert sorted((path, name) for path, name in named if not exists(name)) == []


def test_every_template_is_used():
    """Python names a template whole or below its feature's folder; a mail's text twin goes with its page."""
    texts = "\n".join(path.read_text() for path in [*python("llmio", "plugins"), *templates()])
    unused = [
        str(path.relative_to(WEB))
        for path in templates()
        if path.is_relative_to(WEB)
        and not re.search(rf"[/\"']{re.escape(path.name.replace('.txt.', '.'))}[\"']", texts)
    ]
    assert unused == []


def constants(node: nodes.Node) -> Iterator[str]:
    """The texts that an expression may be; conditions are followed."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, nodes.CondExpr):
        yield from constants(node.expr1)
        if node.expr2 is not None:
            yield from constants(node.expr2)


def icons_of_python() -> set[tuple[str, str]]:
    """(file, icon) wherever something named `icon` is given as a text."""
    found = set()
    for path in python("llmio", "plugins"):
        for node in walked(path):
            named = isinstance(node, ast.keyword) and node.arg == "icon"
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                named = any(isinstance(one, ast.Name) and one.id == "icon" for one in targets)
            value = getattr(node, "value", None)
            if named and isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
                found.add((short(path), value.value))
    return found


def test_every_icon_that_python_names_is_in_the_sprite():
    """Templates: test_templates.py."""
    dist = ROOT / "llmio/web/static/dist"
    sprite = dist / json.loads((dist / "manifest.json").read_text())["icons.svg"]
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite.read_text()))
    assert icons_of_python()
    assert sorted((where, icon) for where, icon in icons_of_python() if icon not in drawn) == []
