"""What every plugin must be, whatever it offers. Subclass `PluginContract` and give the fixture `plugin_name`."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from llmio import boot
from llmio.core.settings import Setting
from llmio.plugins import GROUP, Plugin, loader
from llmio.plugins.kinds import KINDS
from llmio.plugins.registry import Plugins, State

FACADE = ("llmio.plugins", "llmio.testing")


class PluginContract:
    """The suite. The plugin must be installed (`pip install -e .` does)."""

    @pytest.fixture
    def plugin_name(self) -> str:
        """The name of its entry point."""
        raise NotImplementedError("give a fixture `plugin_name`")

    @pytest.fixture
    def project(self, request: pytest.FixtureRequest) -> Path:
        """The folder of its pyproject.toml: the nearest above the test."""
        for folder in request.path.parents:
            if (folder / "pyproject.toml").exists():
                return folder
        raise LookupError("no pyproject.toml above the test")

    @pytest.fixture
    def entry_point(self, plugin_name: str) -> metadata.EntryPoint:
        """How it is found."""
        (found,) = metadata.entry_points(group=GROUP, name=plugin_name)
        return found

    @pytest.fixture
    def loaded(self, plugin_name: str) -> Plugins:
        """It and the plugins it may need, as a site loads them."""
        return loader.load(boot.read_settings(env={"LLMIO_ENV": "testing"}), refuse=False)

    @pytest.fixture
    def module(self, entry_point: metadata.EntryPoint) -> ModuleType:
        """Its module."""
        found: ModuleType = entry_point.load()
        return found

    @pytest.fixture
    def readme(self, project: Path) -> str:
        """Its README."""
        return (project / "README.md").read_text()

    def test_it_loads(self, plugin_name: str, loaded: Plugins) -> None:
        """Nothing is wrong with it."""
        record = loaded.record(plugin_name)
        assert record is not None, f"no plugin {plugin_name} is installed"
        assert record.state == State.ACTIVE, record.error
        assert record.hooks, "it implements no hook"

    def test_names_follow_the_house(self, plugin_name: str, entry_point: metadata.EntryPoint, project: Path) -> None:
        """Entry point `<kind>_<name>`, package `llmio_<kind>_<name>`, distribution `llmio-<kind>-<name>`."""
        about = tomllib.loads((project / "pyproject.toml").read_text())["project"]
        assert entry_point.value == f"llmio_{plugin_name}"
        assert about["entry-points"][GROUP] == {plugin_name: entry_point.value}
        assert about["name"] == f"llmio-{plugin_name.replace('_', '-')}"

    def test_it_says_which_llmio_it_needs(self, project: Path) -> None:
        """So that an incompatible version is told, not imported."""
        about = tomllib.loads((project / "pyproject.toml").read_text())["project"]
        needs = [line for line in about["dependencies"] if line.split("[")[0].startswith("llmio")]
        assert len(needs) == 1
        assert ">=" in needs[0]
        assert "<" in needs[0]

    def test_it_tells_what_it_is(self, module: ModuleType) -> None:
        """A title, and a summary that is a sentence."""
        about: Plugin = module.PLUGIN
        assert 0 < len(str(about.title)) <= 40
        assert str(about.summary).endswith(".")

    def test_settings_are_declared_with_help(self, plugin_name: str, module: ModuleType, readme: str) -> None:
        """Prefixed by its name, with a variable, a help, and a place in the README."""
        for setting in module.PLUGIN.settings:
            assert isinstance(setting, Setting)
            assert setting.key.startswith(f"{plugin_name}.")
            assert setting.env, f"{setting.key} has no variable"
            assert setting.help.endswith("."), f"{setting.key} has no help"
            assert setting.env in readme, f"{setting.env} is not in the README"

    def test_readme_tells_what_is_kept_and_called(self, readme: str) -> None:
        """Settings, data kept, outgoing calls."""
        for words in ("setting", "data", "outgoing calls"):
            assert words.lower() in readme.lower(), f"the README does not say: {words}"

    def test_only_the_facade_is_imported(self, module: ModuleType) -> None:
        """What is not in `llmio.plugins` may change at any time."""
        for source in sources(module):
            for name in imported(source):
                inner = name.split(".")[0] == "llmio"
                assert not inner or name in FACADE or name.startswith("llmio.testing."), f"{source.name} imports {name}"

    def test_everything_offered_has_a_docstring(self, plugin_name: str, loaded: Plugins) -> None:
        """And comes from this plugin."""
        for one in offered(loaded, plugin_name):
            assert vars(type(one)).get("__doc__"), f"{type(one).__name__} has no docstring"

    def test_templates_are_there_and_its_own(self, plugin_name: str, loaded: Plugins, module: ModuleType) -> None:
        """By asset specification, found in its package."""
        for one in offered(loaded, plugin_name):
            for attribute in dir(one):
                spec = getattr(one, attribute) if attribute.endswith("_template") else ""
                if isinstance(spec, str) and spec:
                    package, path = spec.split(":", 1)
                    assert package == module.__name__, f"{attribute} is another's: {spec}"
                    assert (Path(str(module.__file__)).parent / path).is_file(), f"there is no {spec}"

    def test_names_of_pages_begin_with_its_own(self, plugin_name: str, loaded: Plugins) -> None:
        """It can be added to a site, and adds nothing but pages."""
        from llmio.testing.contracts.pages import add_pages  # noqa: PLC0415  # needs Pyramid

        add_pages(loaded, plugin_name)


def sources(module: ModuleType) -> Iterator[Path]:
    """The files of a plugin's code."""
    path = Path(str(module.__file__))
    yield from path.parent.rglob("*.py") if hasattr(module, "__path__") else (path,)


def imported(source: Path) -> Iterator[str]:
    """Modules that a file imports."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def offered(plugins: Plugins, name: str) -> list[Any]:
    """Every object that a plugin offers."""
    return [one for kind in KINDS for one in getattr(plugins, kind.name).values() if plugins.owner(one) == name]
