"""What `llmio up` forks: each child is a process of its own, and has nothing that is its parent's alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmio.embedded.nursery import FORKING

pytestmark = pytest.mark.skipif(not FORKING, reason="only Linux forks")

PROGRAM = """
import json, os, sys
from pathlib import Path
import llmio.cli
from llmio.embedded.nursery import Nursery

folder = Path(sys.argv[1])
lock = (folder / "lock").open("w")

def main(words):  # what a child does
    print("a line")
    print(json.dumps({
        "words": words, "argv": sys.argv, "orig": sys.orig_argv, "session": os.getsid(0) == os.getpid(),
        "environment": dict(os.environ), "title": Path("/proc/self/cmdline").read_text().strip("\\0"), "pid": os.getpid(),
        "open": [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")],
    }))
    print("to the other stream", file=sys.stderr)
    sys.exit(7)

llmio.cli.main = main
loaded = []
def load():
    loaded.append(1)
    raise ImportError("a part that is broken")
nursery = Nursery(load, mark="MARK=/a folder/x")
nursery.begin()
child = nursery.start(["worker", "--with-schedule"], log=folder / "log", env={"ONLY": "this", "MALLOC_ARENA_MAX": "2"})
print(json.dumps({"code": child.wait(90), "again": child.poll(), "pid": child.pid, "loaded": loaded, "locked": not lock.closed}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], list[str], Path]:
    folder = tmp_path_factory.mktemp("nursery")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    return json.loads(done.stdout), (folder / "log").read_text().splitlines(), folder


def test_the_parent_hears_how_a_child_ended_and_goes_on(told: tuple[dict[str, object], list[str], Path]) -> None:
    parent, _, _ = told
    assert (parent["code"], parent["again"]) == (7, 7)
    assert parent["loaded"] == [1]
    assert parent["locked"]


def test_a_child_is_a_process_of_its_own(told: tuple[dict[str, object], list[str], Path]) -> None:
    parent, log, folder = told
    assert (log[0], log[2]) == ("a line", "to the other stream")
    child = json.loads(log[1])
    assert child["pid"] == parent["pid"] != os.getpid()
    assert child["session"]
    assert child["words"] == ["worker", "--with-schedule"]
    assert child["argv"] == ["llmio", "worker", "--with-schedule"]
    assert child["environment"] == {"ONLY": "this", "MALLOC_ARENA_MAX": "2"}
    assert child["title"] == "llmio worker --with-schedule MARK=/a%20folder/x"
    assert str(folder / "log") in child["open"]
    assert str(folder / "lock") not in child["open"]


def test_a_child_that_begins_anew_by_its_command_line_is_the_same_command(
    told: tuple[dict[str, object], list[str], Path],
) -> None:
    """As a worker does that lost too many threads."""
    assert json.loads(told[1][1])["orig"] == [sys.executable, "-P", "-m", "llmio", "worker", "--with-schedule"]
