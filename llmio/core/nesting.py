"""Whether HTML can be parsed in time: elements within elements cost a parser that does as browsers do the square of their number, and
formatting that is never closed (`<b title=1><p><b title=2><p>…`) more, since it is opened anew in each paragraph.

Tags are found as the standard says (https://html.spec.whatwg.org/#tokenization). What is counted as open is at least what a parser
holds open: an end tag counts only where nothing stands between it and its beginning but what may be left unclosed.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

_BLANK = "[\\t\\n\\f\\r ]"
_VALUE = r"\"[^\"]*+\"|'[^']*+'|[^\t\n\f\r >\"'][^\t\n\f\r >]*+"
_ATTRIBUTES = rf"(?:[\t\n\f\r /]++|=?[^\t\n\f\r />=]++(?:{_BLANK}*+={_BLANK}*+(?:{_VALUE})?+)?+)*+"
TOKEN: Final = re.compile(
    rf"<!--(?:-?>|.*?(?:--!?>|\Z))|<!\[CDATA\[.*?(?:\]\]>|\Z)|<[!?][^>]*+>?|<(/?)([a-zA-Z][^\t\n\f\r />]*+){_ATTRIBUTES}(?:>|\Z)",
    re.DOTALL,
)
RAW: Final = frozenset(
    ("script", "style", "xmp", "iframe", "noembed", "noframes", "noscript", "textarea", "title", "plaintext")
)
VOID: Final = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
FORMATTING: Final = frozenset(
    ("a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u")
)
LEFT_OPEN: Final = frozenset(("p", "li", "dt", "dd", "option", "tr", "td", "th", "tbody", "thead", "tfoot"))
OPEN_AT_TAGS, FORMATTED_AT_TAGS = 4_000_000, 300_000
"""How many elements, and how many of them for formatting, may be open at the tags of a text together."""


def is_parsable(html: str) -> bool:
    """Whether a parser needs less than about a second for it."""
    stack: list[str] = []
    formatted = everything = in_formats = 0
    raw = ""
    for token in TOKEN.finditer(html):
        name = (token[2] or "").lower()
        if not name:
            if token[0].startswith("<![CDATA[") and "<" in token[0][1:]:
                return False  # within drawings it hides tags, elsewhere it does not
            continue
        if token[1]:
            raw = "" if raw == name else raw
            if not raw:
                formatted -= _closed(stack, name)
            continue
        if name in VOID:
            continue
        if name in LEFT_OPEN and stack and stack[-1] == name:
            continue  # the one before ends here
        stack.append(name)
        formatted += name in FORMATTING
        everything += len(stack)
        in_formats += formatted
        if everything > OPEN_AT_TAGS or in_formats > FORMATTED_AT_TAGS:
            return False
        raw = raw or (name if name in RAW else "")
    return True


def _closed(stack: list[str], name: str) -> int:
    """Take the element off the stack that an end tag ends, if it does; how many of those taken were formatting."""
    at = len(stack) - 1
    while at >= 0 and stack[at] != name and stack[at] in LEFT_OPEN:
        at -= 1
    if at < 0 or stack[at] != name:
        return 0
    del stack[at:]
    return int(name in FORMATTING)


def words_of(html: str) -> str:
    """The words of HTML that no parser should see, a line where a tag was."""
    return re.sub(r"\s*\n\s*", "\n", unescape(TOKEN.sub("\n", html))).strip()
