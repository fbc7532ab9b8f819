"""Names of files: in any script, and harmless."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
"""Letters."""
LONGEST_BYTES = 240
"""In UTF-8: what file systems take, with some room for a copy's number."""
JOINERS = "\u200c\u200d"
"""Invisible, but part of words in Persian and Indic scripts, and of emoji."""
FORBIDDEN = '<>:"|?*'
"""What Windows does not take, when somebody saves the file."""
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
"""Likewise, whatever follows the dot."""


def clean_name(name: str | None) -> str:
    """A file name without folders, control characters and marks that turn the direction of text; `file` where none is left."""
    base = unicodedata.normalize("NFC", name or "").replace("\\", "/").rsplit("/", 1)[-1]
    base = "".join("_" if letter in FORBIDDEN else letter for letter in base if _is_shown(letter))
    base = " ".join(base.split()).strip(" .")
    return _shortened(f"_{base}" if DEVICES.match(base) else base) or "file"


def _is_shown(letter: str) -> bool:
    return letter.isprintable() or letter in JOINERS


def _shortened(base: str) -> str:
    stem, dot, ending = base.rpartition(".")
    if not dot or len(ending) > 20:
        stem, dot, ending = base, "", ""
    while stem and (len(stem) + len(dot + ending) > LONGEST or len((stem + dot + ending).encode()) > LONGEST_BYTES):
        stem = stem[:-1]
    return stem.rstrip(" " + JOINERS) + dot + ending
