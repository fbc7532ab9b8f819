"""Text that says `format=flowed`: lines that end with a space go on (RFC 3676)."""

from __future__ import annotations

import re

QUOTE = re.compile(r">*")


def unflowed(text: str, *, delsp: bool = False) -> str:
    """The paragraphs as they were typed; quotes keep their marks, a sign that was typed is escaped for Markdown."""
    made: list[str] = []
    going_on: int | None = None
    for raw in text.split("\n"):
        depth = len(QUOTE.match(raw).group())  # type: ignore[union-attr]  # it matches nothing at least
        line = raw[depth:]
        line = f"\\{line[1:]}" if line.startswith(" >") and not depth else line.removeprefix(" ")
        is_signature = line == "-- "
        if going_on == depth and not is_signature and made:
            made[-1] += line
        else:
            made.append(f"{'>' * depth} {line}" if depth else line)
        goes_on = line.endswith(" ") and not is_signature
        if goes_on and delsp:
            made[-1] = made[-1][:-1]
        going_on = depth if goes_on else None
    return "\n".join(made)
