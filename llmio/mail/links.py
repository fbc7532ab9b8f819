"""Addresses in plain text made clickable."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


def linked(text: str) -> Markup:
    """The text escaped, its addresses as links."""
    parts: list[str] = []
    end = 0
    for found in ADDRESS.finditer(text):
        parts.append(str(escape(text[end : found.start()])))
        parts.append(str(Markup('<a href="{0}">{0}</a>').format(found[0])))
        end = found.end()
    parts.append(str(escape(text[end:])))
    return Markup("".join(parts))  # noqa: S704  # each part is escaped above
