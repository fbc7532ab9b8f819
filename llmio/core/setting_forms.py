"""Forms that the text of a setting must have, so that a bad one is told at the start and not by a page that fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

Like = Literal["", "host", "web", "socket", "link", "address", "colour", "pattern", "path", "database", "redis"]
NAME: Final = re.compile(r"(?:[^\s/@:?#\[\]]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?")
DATABASE: Final = re.compile(r"postgres(?:ql)?(?:\+\w+)?://.+")
REDIS: Final = re.compile(r"(?:rediss?|unix)://.+")
ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+|[^<>]*<[^\s@<>]+@[^\s@<>]+>")
COLOUR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


@dataclass(frozen=True)
class Form:
    """`holds` tells whether a text has the form, `words` what it must be. Where the site cannot do with another it is `fatal`; else
    what was written is put aside, with a note, and the default is used: others take it, and the site is well without.
    """

    holds: Callable[[str], bool]
    words: str
    fatal: bool = True


def _url(*schemes: str) -> Callable[[str], bool]:
    def holds(text: str) -> bool:
        try:
            parts = urlsplit(text)
            _port = parts.port
        except ValueError:
            return False
        return parts.scheme in schemes and bool(parts.hostname) and not re.search(r"\s", text)

    return holds


def _link(text: str) -> bool:
    return _url("http", "https")(text) or _path(text)


def _path(text: str) -> bool:
    return bool(re.fullmatch(r"/(?![/\\])[^\s\\]*", text))


def _pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


FORMS: Final[dict[Like, Form]] = {
    "host": Form(
        lambda text: bool(NAME.fullmatch(text)), "a name alone, such as decide.example.org, without https:// and /"
    ),
    "web": Form(_url("http", "https"), "an address that begins with https:// or http://"),
    "socket": Form(_url("ws", "wss", "http", "https"), "an address that begins with wss:// or ws://"),
    "link": Form(_link, "an address that begins with https://, or a path of this site that begins with /", fatal=False),
    "address": Form(
        lambda text: bool(ADDRESS.fullmatch(text)), "a mail address, such as help@example.org", fatal=False
    ),
    "colour": Form(lambda text: bool(COLOUR.fullmatch(text)), "a colour written as #3355c4", fatal=False),
    "pattern": Form(_pattern, "a regular expression that Python can read", fatal=False),
    "path": Form(_path, "a path of this site, such as /dashboard", fatal=False),
    "database": Form(lambda text: bool(DATABASE.fullmatch(text)), "an address that begins with postgresql://"),
    "redis": Form(
        lambda text: bool(REDIS.fullmatch(text)), "an address that begins with redis://, rediss:// or unix://"
    ),
}
