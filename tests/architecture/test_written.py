"""Pages and files that come from the code are what the code gives today; all else that must be documented is."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from llmio import boot
from llmio.cli import COMMANDS, group
from llmio.cli.x import PluginGroup
from llmio.core.settings import Setting
from llmio.plugins import hookspecs
from tests.architecture import written
from tests.architecture.sources import ROOT, python, short


@pytest.mark.parametrize("path", written.PAGES)
def test_what_is_written_from_the_code_is_fresh(path):
    file = ROOT / path
    assert file.exists(), "run `make docs`"
    assert file.read_text() == written.PAGES[path](), "run `make docs`"


def test_a_setting_that_nobody_documented_would_be_missed(monkeypatch):
    stray = Setting("stray.thing", "STRAY_THING", help="Nothing.")
    declared = boot.declared()
    monkeypatch.setattr(boot.features()[0], "SETTINGS", (*boot.features()[0].SETTINGS, stray))
    assert "`STRAY_THING`" in written.settings_page()
    assert stray not in declared


def test_every_setting_says_what_it_is_for():
    silent = [
        item.key for item in written.documented().settings.declared.values() if not item.help.strip().endswith(".")
    ]
    assert silent == [], "each has a sentence of help"


def test_no_two_settings_share_a_variable():
    names = [name for item in boot.declared() for name in (item.env, *item.aliases) if name]
    assert sorted(names) == sorted(set(names))


def test_settings_are_read_through_declarations():
    """Only what starts processes looks into the environment itself; and what keeps Babel from doing so."""
    allowed = re.compile(
        r"llmio/(cli|continuity|embedded|testing|migrations)/|llmio/(boot|core/zone|live/channels|worker/\w+)\.py"
    )
    found = [
        short(path)
        for path in python("llmio", "plugins")
        if "/tests/" not in short(path)
        and re.search(r"\bos\.(environ|getenv)\b", path.read_text())
        and not allowed.match(short(path))
    ]
    assert found == [], "declare a Setting"


def test_every_hook_is_documented():
    page = (ROOT / "docs/plugins/hooks.md").read_text()
    hooks = [name for name, value in vars(hookspecs).items() if hasattr(value, "llmio_spec")]
    assert hooks, "no hook was found: does the marker have another name?"
    assert [name for name in hooks if f"`{name}" not in page] == []


def test_no_page_speaks_of_a_hook_that_does_not_exist():
    known = {name for name in vars(hookspecs) if name.startswith("llmio_")}
    plugins = {path.name for path in (ROOT / "plugins").glob("*/llmio_*")}
    kinds = {"poll", "storage", "notify", "webhook", "search"}
    mentioned = {
        (short(page), name)
        for page in (ROOT / "docs").rglob("*.md")
        for name in re.findall(r"`(llmio_[a-z_]+)`?", page.read_text())
    }
    unknown = {
        (page, name)
        for page, name in mentioned
        if page != "docs/operators/monitoring.md"  # names of metrics
        and name not in known | plugins
        and name.split("_")[1] not in kinds
        and "tutorial" not in page
    }
    assert unknown == set()


def test_every_command_exists_and_answers():
    context = click.Context(group, info_name="llmio")
    missing = [name for name in COMMANDS if group.get_command(context, name) is None]
    assert missing == []


def test_every_option_of_a_command_says_what_it_is_for():
    silent: list[str] = []

    def look(command: click.Command, path: str) -> None:
        silent.extend(
            f"{path} {one.opts[0]}"
            for one in command.params
            if isinstance(one, click.Option) and not (one.help or "").strip()
        )
        if isinstance(command, click.Group) and not isinstance(command, PluginGroup):
            for name, inner in command.commands.items():
                look(inner, f"{path} {name}")

    context = click.Context(group, info_name="llmio")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        look(command, f"llmio {name}")
    assert silent == []


def test_every_event_kind_says_what_happened():
    kinds = written.app().kinds
    assert kinds
    assert [name for name, kind in kinds.items() if not kind.summary.endswith(".")] == []


def pages() -> list[Path]:
    """The pages people read: docs/ and those at the top."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("plugins/*/README.md")])


@pytest.mark.parametrize("page", pages(), ids=short)
def test_no_link_leads_nowhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [target for target in targets if target and not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_every_page_is_reached_from_the_index():
    index = (ROOT / "docs/README.md").read_text()
    reached = {(ROOT / "docs" / target.split("#")[0]).resolve() for target in re.findall(r"\]\(([^)\s]+)\)", index)}
    for page in list(reached):
        if page.suffix == ".md" and page.exists():
            links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
            reached |= {(page.parent / target.split("#")[0]).resolve() for target in links}
    lost = [
        short(page)
        for page in (ROOT / "docs").rglob("*.md")
        if page.resolve() not in reached and page.parent != ROOT / "docs"
    ]
    assert lost == [], "link it from docs/README.md, or from a page that is linked there"
