"""What all tests of the repository share."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from functools import partial
from types import SimpleNamespace
from weakref import WeakKeyDictionary

import hypothesis
import pytest

from llmio.core import collector
from llmio.embedded import ports
from llmio.files import patience
from llmio.testing.servers import quick_folder
from tests import factories

PORTS = 1000
if worker := os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw"):
    # Between the choice of a port and its use neither another worker may choose it, too, nor a site that a test has started,
    # which chooses among those above 20,000.
    ports.LOWEST = 10_000 + PORTS * (int(worker) % 10)
    ports.HIGHEST = ports.LOWEST + PORTS - 1
# All that is imported and collected stays: looking for garbage meanwhile took a sixth of that time.
gc.disable()
# Else each worker, and each process that a test starts, compiles whatever it imports anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A busy machine is no fault of what is tested.
os.environ.setdefault("AIOSMTPD_CONTROLLER_TIMEOUT", "60")
hypothesis.settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared machine")
QUICK = quick_folder()
if QUICK and "TMPDIR" not in os.environ:
    # For sites, sockets and folders of single tests as well, also in the processes that tests start.
    os.environ["TMPDIR"] = tempfile.tempdir = QUICK


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One more than there are processors: tests that start processes mostly wait."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    """What a module makes once is made once in a run: such a module stays with one worker (`--dist loadgroup`)."""
    for item in items:
        shared = any(
            definition.scope in ("module", "class", "package")
            for definitions in item._fixtureinfo.name2fixturedefs.values()
            for definition in definitions
        )
        if shared and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
    return (yield)


def pytest_collection_finish():
    """Thousands of tests are no garbage, and what a test leaves may wait a little: looking for it took a tenth of the time."""
    collector.set_aside()
    gc.set_threshold(200_000, 10, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop():
    """Look for garbage from now on, also in the process that only tells workers what to run."""
    gc.enable()


@pytest.fixture(autouse=True)
def nobody_suspects_a_storage(monkeypatch):
    """What a process remembers of a storage that fell silent ends with the test."""
    monkeypatch.setattr(patience, "_gates", WeakKeyDictionary())


@pytest.fixture
def make(db):
    """The factories on the test's session: `make.user()`, `make.group(admin=ada)`, …"""
    names = ("user", "admin_of_site", "group", "membership", "invitation", "discussion", "reader", "comment",
             "reaction", "poll", "options_of", "stance", "outcome")  # fmt: skip
    return SimpleNamespace(**{name: partial(getattr(factories, name), db) for name in names})
