"""Files within a text, as older programs put them (uuencode): taken out of it."""

from __future__ import annotations

import binascii
import io
import re

from llmio.mail.incoming import charsets

BLOCK = re.compile(r"^begin [0-7]{3,4} (\S[^\n]{0,200})\n((?:[ -`]{1,62}\n)*)end[ \t]*$", re.MULTILINE)
"""The lines of a file have no small letters, so that a search ends where the next file begins."""
MOST_FILES = 100


def taken_out(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text without the files, and (name, content) of each."""
    found: list[tuple[str, bytes]] = []
    if "\nend" not in text:
        return text, found

    def out(block: re.Match[str]) -> str:
        content = _content(block[2]) if len(found) < MOST_FILES else None
        if content is None:
            return block.group()
        found.append((charsets.header_text(block[1]).strip(), content))
        return ""

    made = BLOCK.sub(out, text)
    return (re.sub(r"\n{3,}", "\n\n", made) if found else text), found


def _content(lines: str) -> bytes | None:
    """What the lines stand for; None where they are something else."""
    made = io.BytesIO()
    try:
        for line in lines.split("\n")[:-1]:
            made.write(binascii.a2b_uu(line.rstrip(" ") if line.strip() else "`"))
    except (binascii.Error, ValueError):
        return None
    return made.getvalue() or None
