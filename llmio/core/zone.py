"""The time zone of a process, as TZ names it: whether it is one, and that a wrong one keeps nothing from starting."""

from __future__ import annotations

import os
import re
from pathlib import Path
from zoneinfo import ZoneInfo

NAME = "TZ"
BY_RULE = re.compile(r"(?:[A-Za-z]{3,}|<[-+0-9A-Za-z]+>)[-+]?\d.*")
"""A zone that the system's library reads, not Python: how far it is from Greenwich and since when."""


def known(name: str) -> bool:
    """Whether it is the name of a zone, a rule, or a file behind a colon; nothing at all is the machine's."""
    plain = name.removeprefix(":")
    if not plain or BY_RULE.fullmatch(name):
        return True
    try:
        if name.startswith(":/"):
            with Path(plain).open("rb") as file:
                ZoneInfo.from_file(file)
        else:
            ZoneInfo(plain)
    except (ValueError, OSError, KeyError):
        return False
    return True


def shield() -> None:
    """Have Babel, which reads TZ when it is imported, take the machine's zone where that cannot be read."""
    name = os.environ.get(NAME, "")
    if known(name):
        return
    del os.environ[NAME]
    try:
        import babel.localtime  # noqa: F401, PLC0415  # slow, and only this once
    finally:
        os.environ[NAME] = name
