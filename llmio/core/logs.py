"""The log of a process: its form, its time zone, and from where on it tells."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from llmio.core.settings import Settings

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LEVELS = {"warn": "warning", "fatal": "critical", "unknown": "critical"}
"""Words of the reference → those of Python."""


def begin(settings: Settings) -> None:
    """Begin the log as the operator wants it; a zone that is no name of one (`:/etc/localtime`) is left to the machine."""
    logging.basicConfig(level=level(settings).upper(), format=FORMAT)
    zone = settings.text("log.zone")
    with suppress(ValueError, OSError, KeyError):
        place = ZoneInfo(zone) if zone else None
        logging.Formatter.converter = staticmethod(  # as its documentation says to
            lambda moment: datetime.fromtimestamp(moment or time.time(), place).timetuple()
        )


def level(settings: Settings) -> str:
    """The level, in Python's words."""
    named = settings.text("log.level")
    return LEVELS.get(named, named)
