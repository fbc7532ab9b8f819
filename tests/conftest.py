"""What all tests of the repository share."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest

from tests import factories


@pytest.fixture
def make(db):
    """The factories on the test's session: `make.user()`, `make.group(admin=ada)`, …"""
    names = ("user", "admin_of_site", "group", "membership", "invitation", "discussion", "reader", "comment",
             "reaction", "poll", "options_of", "stance", "outcome")  # fmt: skip
    return SimpleNamespace(**{name: partial(getattr(factories, name), db) for name in names})
