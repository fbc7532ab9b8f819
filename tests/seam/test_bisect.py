"""`llmio plugins bisect`: the plugin at fault is found, and nothing of the site is changed."""

from __future__ import annotations

import fcntl
import math
import os
import pty
import re
import select
import subprocess
import sys
import termios
from codecs import getincrementaldecoder

import httpx
import pytest

from llmio.cli.bisect import find
from llmio.embedded.process import marked_with, wait_until
from tests.commands import run_command
from tests.processes import PATIENCE
from tests.seam.distributions import poll_type

NAMES = [f"p{number}" for number in range(9)]


@pytest.mark.parametrize("culprit", NAMES)
def test_each_culprit_is_found_in_few_trials(culprit):
    found = find(NAMES, lambda on: culprit in on)
    assert found.culprit == culprit
    assert not found.others
    assert found.tries <= 3 + 2 * math.ceil(math.log2(len(NAMES)))


def test_that_another_one_is_at_fault_too_is_said():
    found = find(NAMES, lambda on: bool({"p3", "p7"} & set(on)))
    assert (found.culprit, found.others) == ("p3", True)
    found = find(NAMES[:2], bool)
    assert (found.culprit, found.others) == ("p0", True)


@pytest.mark.parametrize("needed", [("p0", "p8"), ("p0", "p1"), ("p3", "p4"), ("p1", "p5", "p7"), tuple(NAMES)])
def test_those_that_are_at_fault_together_are_named_and_no_others(needed):
    found = find(NAMES, lambda on: set(needed) <= set(on))
    assert found.culprit == ""
    assert found.why.endswith(f"on together: {', '.join(needed)}.")


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


def test_what_is_no_command_is_said_at_once(site):
    for line, words in (("", "say which command"), ("echo 'a", "quotation mark is not closed")):
        said = run_command("plugins", "bisect", "--command", line, env=site.env)
        assert (said.code, words in said.stderr) == (2, True), said


BROKEN = """
from pyramid.security import NO_PERMISSION_REQUIRED

from llmio.plugins import Plugin, hookimpl

PLUGIN = Plugin("A bad one", "Its page fails.")


def page(request):
    raise RuntimeError("the page fails")


@hookimpl
def llmio_includeme(config):
    config.add_route("page_bad.page", "/page")
    config.add_view(page, route_name="page_bad.page", permission=NO_PERMISSION_REQUIRED)
"""


@pytest.fixture
def trial(strangers, start):
    """Variables of a site with one plugin of others, whose page fails; trials are real servers."""
    strangers.add("page_bad", BROKEN, module="llmio_page_bad")
    return start().env | {"PYTHONPATH": str(strangers.folder), "FORCE_SSL": "1"}


def test_a_path_tells_which_one_it_is(trial):
    said = run_command("plugins", "bisect", "--url", "https://site.example/x/page_bad/page", env=trial)
    assert said.stdout.splitlines()[1:] == [
        "Trial 1, with page_bad: the fault shows.",
        "Trial 2, with none of them: well.",
        "Tried 2 times. The site was not touched.",
        "Plugin page_bad is at fault. `llmio plugins off page_bad` switches it off.",
    ], said
    assert said.code == 0


def test_questions_at_a_terminal_and_ctrl_c(trial):
    """As a person: the address of a trial is opened, the question answered, and the second trial broken off."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "llmio", "plugins", "bisect"]
    env = {**os.environ, **trial, "TERM": "dumb"}
    process = subprocess.Popen(command, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))  # fmt: skip  # noqa: PLW1509  # Ctrl-C reaches whom the terminal belongs to
    os.close(theirs)
    said, decoder = "", getincrementaldecoder("utf-8")()

    def read_until(words):
        nonlocal said
        while words not in said:
            assert select.select([ours], [], [], PATIENCE)[0], said
            said += decoder.decode(os.read(ours, 4096))

    try:
        read_until("[y/N]")
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+", said)
        assert httpx.get(f"{address}/x/page_bad/page", timeout=PATIENCE).status_code == 503
        said = ""
        os.write(ours, b"y\n")
        read_until("Trial 2, with none of them: ")
        assert "the fault shows." in said
        os.write(ours, b"\x03")  # while its server starts
        read_until("The site was not touched.")
        assert "Stopped in trial 2" in said
        assert "Traceback" not in said
        assert process.wait(PATIENCE) == 130
        assert wait_until(lambda: not marked_with(f"LLMIO_DATA={trial['LLMIO_DATA']}"), PATIENCE), "no server is left"
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_what_was_off_stays_off(site):
    env = site.env | {"LLMIO_PLUGINS_DISABLED": "poll_two"}
    said = run_command("plugins", "bisect", "--command", judge("poll_three"), env=env)
    assert "2 plugins that do not come with llmio are on: poll_one, poll_three." in said.stdout
    assert "Plugin poll_three is at fault" in said.stdout
