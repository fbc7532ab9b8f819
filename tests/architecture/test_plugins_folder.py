"""Built-in plugins are what a stranger's would be: whole little projects that know the façade alone."""

from __future__ import annotations

import ast
import tomllib

import pytest

from tests.architecture.sources import ROOT, python, short, walked

FOLDERS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))


def by_name(folder):
    return folder.name


def test_import_linter_knows_every_plugin():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    packages = {f"llmio_{folder.name}" for folder in FOLDERS}
    assert set(settings["root_packages"]) == {"llmio", *packages}
    facade = next(one for one in settings["contracts"] if one["id"] == "facade")
    assert set(facade["source_modules"]) == packages


@pytest.mark.parametrize("folder", FOLDERS, ids=by_name)
def test_a_plugin_is_a_whole_project(folder):
    meta = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert meta["entry-points"]["llmio.plugins"] == {folder.name: f"llmio_{folder.name}"}
    assert any(need.startswith("llmio") for need in meta["dependencies"])
    assert meta["license"] in ("Apache-2.0", {"text": "Apache-2.0"})
    assert (folder / "README.md").read_text().strip()
    assert list((folder / "tests").glob("test_*.py"))


@pytest.mark.parametrize("folder", FOLDERS, ids=by_name)
def test_a_plugin_and_its_tests_import_nothing_else_of_llmio(folder):
    found = []
    for path in python(f"plugins/{folder.name}"):
        allowed = ("llmio.plugins",) if "tests" not in path.parts else ("llmio.plugins", "llmio.testing")
        for node in walked(path):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            found += [
                f"{short(path)}: {name}"
                for name in names
                if name.split(".")[0] == "llmio"
                and name not in allowed
                and not (name.startswith("llmio.testing.") and "llmio.testing" in allowed)
            ]
    assert found == []
