"""The log tells from the level on and in the zone that the operator wants."""

from __future__ import annotations

import json
import logging
from datetime import datetime

import pytest

from llmio.core import logs, trace
from llmio.core.declared import SETTINGS
from llmio.core.settings import load
from tests.commands import log_as_it_was


@pytest.fixture
def begin():
    """`begin(**variables)`: the log, as in a process that has none yet."""

    def begun(**variables):
        logging.root.handlers[:] = []
        logs.begin(load(SETTINGS, {}, variables), "web")

    with log_as_it_was():
        yield begun


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


def test_as_text_a_line_names_its_request_and_job(begin, capsys):
    begin()
    with trace.kept():
        trace.begin_job("loom.weave", 12, "request-4711")
        logging.getLogger("llmio.loom").warning("jammed %s", "twice")
    logging.getLogger("llmio.loom").warning("of nothing")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("WARNING llmio.loom: [request-4711 loom.weave#12] jammed twice")
    assert second.endswith("WARNING llmio.loom: of nothing")


def test_as_json_each_line_says_what_it_belongs_to(begin, capsys):
    begin(LLMIO_LOG_FORMAT="json")
    trace.job_id.set("")
    trace.begin_request("request-4711")
    try:
        try:
            int("\u2603")
        except ValueError:
            logging.getLogger("llmio.loom").exception("jammed %s", "twice", extra={"status": 500})
    finally:
        trace.request_id.set("")
    logging.getLogger("llmio.loom").warning("of nothing")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert "ValueError: invalid literal" in first.pop("exc_info")
    assert datetime.fromisoformat(first.pop("time")).tzinfo is not None
    assert first == {"level": "ERROR", "logger": "llmio.loom", "message": "jammed twice", "process": "web",
                     "request_id": "request-4711", "status": 500}  # fmt: skip
    assert "request_id" not in second
