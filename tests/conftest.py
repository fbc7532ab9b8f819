"""What all tests of the repository share."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from types import SimpleNamespace

import pytest

from llmio.testing.servers import quick_folder
from tests import factories

QUICK = quick_folder()
if QUICK and "TMPDIR" not in os.environ:
    # For sites, sockets and folders of single tests as well, also in the processes that tests start.
    os.environ["TMPDIR"] = tempfile.tempdir = QUICK


@pytest.fixture
def make(db):
    """The factories on the test's session: `make.user()`, `make.group(admin=ada)`, …"""
    names = ("user", "admin_of_site", "group", "membership", "invitation", "discussion", "reader", "comment",
             "reaction", "poll", "options_of", "stance", "outcome")  # fmt: skip
    return SimpleNamespace(**{name: partial(getattr(factories, name), db) for name in names})
