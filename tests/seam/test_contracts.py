"""Every built-in plugin keeps the contract; one that is wrong on purpose does not."""

from __future__ import annotations

import inspect
import shutil
from importlib import metadata
from pathlib import Path

import pytest

from llmio import boot
from llmio.plugins import loader
from llmio.plugins.check import PluginError
from llmio.testing.contracts.plugin import PluginContract
from tests.seam.distributions import poll_type

ROOT = Path(__file__).parents[2]
BUILT_IN = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))


class TestBuiltIn(PluginContract):
    @pytest.fixture(params=BUILT_IN)
    def plugin_name(self, request):
        return request.param

    @pytest.fixture
    def project(self, plugin_name):
        return ROOT / "plugins" / plugin_name


def test_every_built_in_is_an_entry_point_of_the_one_distribution():
    found = {entry.name for entry in metadata.distribution("llmio").entry_points if entry.group == "llmio.plugins"}
    assert found == set(BUILT_IN)


PROJECT = """
[project]
name = "llmio-wrong"
dependencies = ["llmio>=0.1,<1"]
[project.entry-points."llmio.plugins"]
wrong = "llmio_wrong"
"""
README = "Settings of the plugin: none. Data of its own: none. Outgoing calls: none."
SETTING = (
    "from llmio.plugins import Plugin, Setting, hookimpl\n"
    "PLUGIN = Plugin('Wrong', 'Is wrong.', (Setting('wrong.x', 'WRONG_X', help={help!r}),))\n"
    "@hookimpl\ndef llmio_poll_types():\n    return []\n"
)
RIGHT = poll_type("llmio_wrong").replace("class Kind(PollType):", 'class Kind(PollType):\n    """A kind."""\n')
PAGE = RIGHT + "\n@hookimpl\ndef llmio_includeme(config):\n    config.add_route('other.page', '/page')\n"

WRONG = {
    "test_it_loads": ("raise RuntimeError", PROJECT, README),
    "test_names_follow_the_house": (RIGHT, PROJECT.replace("llmio-wrong", "wrong"), README),
    "test_it_says_which_llmio_it_needs": (RIGHT, PROJECT.replace(">=0.1,<1", ""), README),
    "test_it_tells_what_it_is": (RIGHT.replace("Adds a kind of poll.", "no sentence"), PROJECT, README),
    "test_settings_are_declared_with_help": (SETTING.format(help=""), PROJECT, README + " WRONG_X"),
    "test_readme_tells_what_is_kept_and_called": (RIGHT, PROJECT, "Settings: none."),
    "test_only_the_facade_is_imported": ("from llmio.core.app import App\n" + RIGHT, PROJECT, README),
    "test_everything_offered_has_a_docstring": (poll_type("llmio_wrong"), PROJECT, README),
    "test_templates_are_there_and_its_own": (RIGHT.replace("llmio_wrong:", "llmio:"), PROJECT, README),
    "test_names_of_pages_begin_with_its_own": (PAGE, PROJECT, README),
}


def run(check, strangers, source, project, readme):
    """One check of the contract on a plugin of this source."""
    strangers.add("wrong", source, files={"templates/ballot.jinja2": "{{ poll.title }}"})
    folder = strangers.folder
    (folder / "pyproject.toml").write_text(project)
    (folder / "README.md").write_text(readme)
    (entry,) = metadata.entry_points(group="llmio.plugins", name="wrong")
    given = {
        "plugin_name": lambda: "wrong",
        "project": lambda: folder,
        "entry_point": lambda: entry,
        "loaded": lambda: loader.load(boot.read_settings(env={"LLMIO_ENV": "testing"}), refuse=False),
        "module": entry.load,
        "readme": lambda: readme,
    }
    check = getattr(PluginContract(), check)
    check(**{name: given[name]() for name in inspect.signature(check).parameters})


CHECKS = sorted(name for name in vars(PluginContract) if name.startswith("test_"))


def test_each_check_has_a_wrong_sibling():
    assert set(WRONG) == set(CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_wrong_sibling_fails_what_the_right_one_passes(strangers, check):
    run(check, strangers, RIGHT, PROJECT, README)
    strangers.remove("wrong")
    shutil.rmtree(strangers.folder / "llmio_wrong")
    with pytest.raises((AssertionError, PluginError)):
        run(check, strangers, *WRONG[check])
