"""What the documentation of plugins says is so."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llmio.plugins import hookspecs
from llmio.plugins.kinds import KINDS
from llmio.plugins.registry import State
from llmio.testing.servers import DATABASE_VARIABLE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "plugins"
TUTORIAL = ROOT / "tests" / "tutorial_plugin"


def specs():
    """Name → function of each hook."""
    return {name: spec for name, spec in vars(hookspecs).items() if hasattr(spec, "llmio_spec")}


@pytest.mark.parametrize("name", sorted(specs()))
def test_each_hook_is_documented_with_its_signature(name):
    signature = inspect.signature(specs()[name])
    assert f"### `{name}{signature}`".replace("'", "") in (DOCS / "hooks.md").read_text()


@pytest.mark.parametrize("name", sorted(specs()))
def test_each_hook_says_since_when(name):
    assert re.search(r"Since \d+\.\d+\.", specs()[name].__doc__)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_has_a_page(kind):
    pages = [page.read_text() for page in (DOCS / "kinds").glob("*.md")]
    (page,) = [page for page in pages if f"hook `{kind.hook}`" in page]
    assert f"Base class `{kind.base.__name__}`" in page


def test_each_state_is_explained():
    text = (DOCS / "hooks.md").read_text()
    assert [state for state in State if f"| `{state}` |" not in text] == []


def blocks():
    """File → the text that the tutorial has for it."""
    found = re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```\n", (DOCS / "tutorial.md").read_text(), re.DOTALL)
    return dict(found)


def test_tutorial_shows_the_tested_files_and_all_of_them():
    files = {
        str(path.relative_to(TUTORIAL)): path.read_text()
        for path in TUTORIAL.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert blocks() == files


def test_plugin_of_the_tutorial_works(strangers, start, llmio_servers):
    for folder in ("llmio_poll_applause", "tests"):
        shutil.copytree(TUTORIAL / folder, strangers.folder / folder)
    for file in ("README.md", "pyproject.toml"):
        shutil.copy(TUTORIAL / file, strangers.folder / file)
    source = (TUTORIAL / "llmio_poll_applause" / "__init__.py").read_text()
    strangers.add("poll_applause", source)
    site = start()
    assert site.names("poll_applause", "active")["offers"] == {"methods": ["claps"], "poll_types": ["applause"]}
    assert "Let everybody clap" in site.browser.get("/p/new")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=strangers.folder,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(strangers.folder),
            "HOME": str(strangers.folder),
            DATABASE_VARIABLE: llmio_servers.postgres,  # it makes a database of its own there
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
