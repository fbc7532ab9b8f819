"""The log tells from the level on and in the zone that the operator wants."""

from __future__ import annotations

import logging

import pytest

from llmio.core import logs
from llmio.core.declared import SETTINGS
from llmio.core.settings import load


@pytest.fixture
def begin():
    """`begin(**variables)`: the log, as in a process that has none yet."""
    converter, level, handlers = logging.Formatter.converter, logging.root.level, logging.root.handlers[:]

    def begun(**variables):
        logging.root.handlers[:] = []
        logs.begin(load(SETTINGS, {}, variables))

    yield begun
    logging.Formatter.converter = converter
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.mark.parametrize(("zone", "hour"), [("Asia/Tokyo", "09"), ("UTC", "00")])
def test_the_zone_is_that_of_the_setting(begin, zone, hour):
    begin(TZ=zone)
    record = logging.LogRecord("x", logging.INFO, "x", 1, "x", None, None)
    record.created = 1.0
    assert f"1970-01-01 {hour}:00:01" in logging.Formatter(logs.FORMAT).format(record)


@pytest.mark.parametrize(
    ("variables", "level"),
    [({}, "INFO"), ({"RAILS_LOG_LEVEL": "warn"}, "WARNING"), ({"LLMIO_LOG_LEVEL": "debug"}, "DEBUG"),
     ({"RAILS_LOG_LEVEL": "unknown"}, "CRITICAL")],
)  # fmt: skip
def test_the_level_is_that_of_the_setting(begin, variables, level):
    begin(**variables)
    assert logging.getLevelName(logging.root.level) == level


def test_a_zone_that_is_no_name_of_one_is_left_to_the_machine(begin):
    before = logging.Formatter.converter
    begin(TZ=":/etc/localtime")
    assert logging.Formatter.converter is before
