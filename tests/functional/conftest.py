"""What tests through the site's doors share."""

from __future__ import annotations

import pytest

from llmio.web import health
from tests.processes import PATIENCE


@pytest.fixture
def with_settings(app, monkeypatch):
    """Set settings for a test: `with_settings(site__host="decide.example.org")`."""

    def made(**values):
        for key, value in values.items():
            monkeypatch.setitem(app.settings.values, key.replace("__", "."), value)

    return made


@pytest.fixture
def middle_of_an_hour(clock):
    """The clock, stopped far from the turn of an hour and of a day, with which counts begin anew."""
    clock.set(clock.now().replace(hour=9, minute=32))
    return clock


@pytest.fixture
def hasty_with(monkeypatch):
    """`hasty_with("database")`: this one part is waited for no longer than a moment, all others are."""
    real = health._in_time

    def made(silent):
        def in_time(name, *rest):
            monkeypatch.setattr(health, "PATIENCE", 0.05 if name == silent else PATIENCE)
            return real(name, *rest)

        monkeypatch.setattr(health, "_in_time", in_time)

    return made
