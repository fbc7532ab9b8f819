"""The log of a process: its form, its time zone, and from where on it tells."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmio.core.settings import Settings

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LEVELS = {"warn": "warning", "fatal": "critical", "unknown": "critical"}
"""Words of the reference → those of Python."""


def begin(settings: Settings) -> None:
    """Begin the log as the operator wants it."""
    zone = settings.text("log.zone")
    if zone and os.environ.get("TZ") != zone:
        os.environ["TZ"] = zone
        time.tzset()
    logging.basicConfig(level=level(settings).upper(), format=FORMAT)


def level(settings: Settings) -> str:
    """The level, in Python's words."""
    named = settings.text("log.level")
    return LEVELS.get(named, named)
