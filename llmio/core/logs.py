"""The log of a process: its form, its time zone, and from where on it tells.

As text a line names the request and the job that it belongs to before the message, in brackets.
As JSON each line is an object: `time`, `level`, `logger`, `message`, `process`, where there is one `request_id`, `job_id` and
`exc_info`, and what the line gives beside (`status`, `ms`, …).
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from llmio.core import trace

if TYPE_CHECKING:
    from llmio.core.settings import Settings

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LEVELS = {"warn": "warning", "fatal": "critical", "unknown": "critical"}
"""Words of the reference → those of Python."""


class Belongs(logging.Filter):
    """Adds to each line which process, request and job it belongs to."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def filter(self, record: logging.LogRecord) -> bool:
        """True: no line is dropped."""
        record.process = self._process  # type: ignore[assignment]  # the number is of use to nobody here
        for name, value in trace.values().items():
            setattr(record, name, value)
        return True


class AsText(logging.Formatter):
    """Puts request and job before the message: whoever looks for one finds all lines of it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the base class's name
        """The line."""
        known = trace.values()
        if known:
            record.message = f"[{' '.join(known.values())}] {record.message}"
        return super().formatMessage(record)


def begin(settings: Settings, process: str) -> None:
    """Begin the log as the operator wants it; a zone that is no name of one (`:/etc/localtime`) is left to the machine."""
    logging.basicConfig(level=level(settings).upper(), format=FORMAT)
    as_json = settings["log.format"] == "json"
    for handler in logging.root.handlers:
        handler.setFormatter(_json() if as_json else AsText(FORMAT))
        if as_json:
            handler.addFilter(Belongs(process))
    zone = settings.text("log.zone")
    with suppress(ValueError, OSError, KeyError):
        place = ZoneInfo(zone) if zone else None
        logging.Formatter.converter = staticmethod(  # as its documentation says to
            lambda moment: datetime.fromtimestamp(moment or time.time(), place).timetuple()
        )


def _json() -> logging.Formatter:
    from pythonjsonlogger.json import JsonFormatter  # noqa: PLC0415  # slow, and only for this form

    names = {"levelname": "level", "name": "logger", "timestamp": "time"}
    return JsonFormatter("%(levelname)s %(name)s %(message)s %(process)s", rename_fields=names, timestamp=True)


def level(settings: Settings) -> str:
    """The level, in Python's words."""
    named = settings.text("log.level")
    return LEVELS.get(named, named)
