"""Tasks as a text has them: lines with a box, what they say and whom they name.

HTML gives each line a number of its own (`data-uid`). Markdown has no place for one: a line's number is its place among the boxes of the
text, from one on.
"""

from __future__ import annotations

import itertools
import re
import secrets
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser

from llmio.core import markdown, richtext

ITEM = re.compile(r"<li((?:\s+[\w-]+=\"[^\"]*\")*)>")
UID = re.compile(r"\sdata-uid=\"([^\"]*)\"")
CHECKED = re.compile(r"\sdata-checked=\"[^\"]*\"")
IS_TASK = ' data-type="taskItem"'
LARGEST = (1 << 31) - 1
LONGEST_REMIND = 365


@dataclass
class Line:
    """A task as the text has it."""

    uid: int
    done: bool
    due_on: date | None
    remind: int | None
    words: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """User names of those mentioned in it, in lower case."""

    @property
    def name(self) -> str:
        """What is to be done, in one line."""
        return " ".join("".join(self.words).split())


def numbered(text: str, format: str) -> str:
    """Cleaned HTML, with a number for each task that has none or another's."""
    if format != "html" or IS_TASK not in text:
        return text
    seen: set[int] = set()

    def one(match: re.Match[str]) -> str:
        attributes = match.group(1)
        if IS_TASK not in attributes:
            return match.group(0)
        found = UID.search(attributes)
        uid = _number(found.group(1)) if found else None
        while uid is None or uid in seen:
            uid = secrets.randbelow(LARGEST) + 1
        seen.add(uid)
        return f'<li{UID.sub("", attributes)} data-uid="{uid}">'

    return ITEM.sub(one, text)


def lines_of(text: str, format: str) -> list[Line]:
    """The tasks of a text with numbers, in order; those without words are left out."""
    if format != "html":
        text = places_numbered(richtext.clean(markdown.render(text), "html")) if "[" in text else ""
    if IS_TASK not in text:
        return []
    reader = _Reader()
    reader.feed(text)
    reader.close()
    found = [one for one in reader.found if one.name]
    if format != "html":
        for line in found:
            line.words = [markdown.SAID.sub("", line.name)]
    return [one for one in found if one.name]


def places_numbered(html: str) -> str:
    """HTML that Markdown became, each box with its place as its number."""
    place = itertools.count(1)

    def one(match: re.Match[str]) -> str:
        if IS_TASK not in match.group(1):
            return match.group(0)
        return f'<li{match.group(1)} data-uid="{next(place)}">'

    return ITEM.sub(one, html) if IS_TASK in html else html


def ticked(text: str, format: str, uid: int, *, done: bool) -> str:
    """The text with the box of one task as it is to be."""
    if format != "html":
        return markdown.ticked(text, uid, done=done)

    def one(match: re.Match[str]) -> str:
        attributes = match.group(1)
        if IS_TASK not in attributes or f' data-uid="{uid}"' not in attributes:
            return match.group(0)
        return f'<li{CHECKED.sub("", attributes)} data-checked="{"true" if done else "false"}">'

    return ITEM.sub(one, text)


def _number(text: str | None) -> int | None:
    return (
        int(text)
        if text and text.isascii() and text.isdecimal() and len(text) <= 10 and 0 < int(text) <= LARGEST
        else None
    )


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
    return day if 1970 < day.year < 9000 else None


class _Reader(HTMLParser):
    """Reads tasks out of cleaned HTML; the words of a task within another are its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Line] = []
        self._open: list[Line | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A list item opens; a mention gives the task at hand to somebody."""
        values = dict(attrs)
        line = next((one for one in reversed(self._open) if one is not None), None)
        if tag == "li":
            self._open.append(self._line(values))
        elif line is not None and values.get("data-mention-id"):
            line.names.append(str(values["data-mention-id"]).lower())
        elif line is not None and tag in ("p", "br", "div"):
            line.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """A list item ends."""
        if tag == "li" and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Words, of the innermost task."""
        line = next((one for one in reversed(self._open) if one is not None), None)
        if line is not None:
            line.words.append(data)

    def _line(self, values: dict[str, str | None]) -> Line | None:
        uid = _number(values.get("data-uid"))
        if values.get("data-type") != "taskItem" or uid is None:
            return None
        remind = values.get("data-remind") or ""
        days = int(remind) if remind.isascii() and remind.isdecimal() and len(remind) <= 3 else None
        line = Line(
            uid,
            values.get("data-checked") == "true",
            _day(values.get("data-due-on")),
            days if days is not None and days <= LONGEST_REMIND else None,
        )
        self.found.append(line)
        return line
