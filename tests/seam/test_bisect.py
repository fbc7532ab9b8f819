"""`llmio plugins bisect`: the plugin at fault is found, and nothing of the site is changed."""

from __future__ import annotations

import math
import sys

import pytest

from llmio.cli.bisect import find
from tests.commands import run_command
from tests.seam.distributions import poll_type

NAMES = [f"p{number}" for number in range(9)]


@pytest.mark.parametrize("culprit", NAMES)
def test_each_culprit_is_found_in_few_trials(culprit):
    found = find(NAMES, lambda on: culprit in on)
    assert found.culprit == culprit
    assert found.tries <= 2 + 2 * math.ceil(math.log2(len(NAMES)))


@pytest.mark.parametrize(
    ("suspects", "fails", "words"),
    [
        ([], lambda on: True, "No plugin"),
        (NAMES, lambda on: False, "does not show"),
        (NAMES, lambda on: True, "none of them is at fault"),
        (NAMES, lambda on: {"p0", "p8"} <= set(on), "together"),
    ],
)
def test_where_there_is_no_single_culprit_it_says_so(suspects, fails, words):
    found = find(suspects, fails)
    assert found.culprit == ""
    assert words in found.why


@pytest.fixture
def site(strangers, start):
    """A site with three plugins of others, all on; what its switches and variables are is told by `kept()`."""
    for name in ("poll_one", "poll_two", "poll_three"):
        strangers.add(name, poll_type(f"llmio_{name}"))
    return start()


def kept(site):
    return {line["name"]: (line["state"], line["switch_waits"]) for line in site.shown()["plugins"]}


def judge(name):
    """A command that fails while a plugin is on."""
    return f"{sys.executable} -c \"import os, sys; sys.exit('{name}' not in os.environ['LLMIO_PLUGINS_DISABLED'].split())\""


def test_a_command_tells_which_one_it_is(site):
    before = kept(site)
    said = run_command("plugins", "bisect", "--command", judge("poll_two"), env=site.env)
    assert "Plugin poll_two is at fault" in said.stdout, said
    assert said.code == 0
    assert kept(site) == before


def test_it_says_where_none_is_at_fault(site):
    said = run_command("plugins", "bisect", "--command", f"{sys.executable} -c ''", env=site.env)
    assert (said.code, "does not show" in said.stdout) == (1, True), said
    said = run_command("plugins", "bisect", "--command", "no-such-command", env=site.env)
    assert (said.code, "no-such-command" in said.stderr) == (2, True), said
    said = run_command("plugins", "bisect", "--command", "x", "--url", "/", env=site.env)
    assert said.code == 2


def test_what_was_off_stays_off(site):
    env = site.env | {"LLMIO_PLUGINS_DISABLED": "poll_two"}
    said = run_command("plugins", "bisect", "--command", judge("poll_three"), env=env)
    assert "2 plugins that do not come with llmio are on: poll_one, poll_three." in said.stdout
    assert "Plugin poll_three is at fault" in said.stdout
