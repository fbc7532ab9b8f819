"""What people wrote, for chats: the few tags they know, addresses in full, and the same as Markdown."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

import nh3
from markdownify import MarkdownConverter

from llmio.core import richtext
from llmio.core.i18n import _
from llmio.core.urls import absolute
from llmio.notifications.mail_parts import with_signs
from llmio.plugins.content import Prose

if TYPE_CHECKING:
    from llmio.core.settings import Settings

MOST = 3000
TAGS = {
    "a",
    "b",
    "strong",
    "i",
    "em",
    "s",
    "del",
    "u",
    "code",
    "pre",
    "p",
    "br",
    "hr",
    "ul",
    "ol",
    "li",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
PATHS = re.compile(r'\b(href|src)="(/[^"/][^"]*)"')
MEDIA = re.compile(r"<(img|iframe|video|audio)\b([^>]*)>", re.IGNORECASE)
SOURCE = re.compile(r'\bsrc="([^"]*)"')
ALT = re.compile(r'\balt="([^"]*)"')
GAPS = re.compile(r"\n{3,}")
CODE = re.compile(r"<pre\b.*?</pre>", re.DOTALL | re.IGNORECASE)
FENCE, PARTED = "```", "`\u200b``"
"""What would end a block of code within it: all that follows would stand outside of its own, among it the tables, where names are not escaped."""
_cleaner = nh3.Cleaner(tags=TAGS, attributes={"a": {"href"}}, link_rel=None)
_converter = MarkdownConverter(heading_style="ATX", bullets="-", escape_misc=False)


def prose(text: str | None, text_format: str, settings: Settings) -> Prose | None:
    """A text as a part of a message; None where there is none. A long one is cut between words."""
    safe = str(richtext.to_html(text, text_format))
    if not safe.strip():
        return None
    safe = with_signs(safe)
    whole = PATHS.sub(lambda found: f'{found[1]}="{absolute(settings, found[2])}"', safe)
    html = _cleaner.clean(MEDIA.sub(_linked, whole)).strip()
    html = CODE.sub(lambda found: found[0].replace(FENCE, PARTED), html)
    made = GAPS.sub("\n\n", _converter.convert(html)).strip()
    if len(made) > MOST:
        made = made[:MOST].rsplit(maxsplit=1)[0] + " …"
        made += "\n```" if made.count("```") % 2 else ""
        html = _cleaner.clean(str(richtext.to_html(made, "md")))
    return Prose(html, made) if made else None


def _linked(found: re.Match[str]) -> str:
    """A picture or film as a link: chats show none of ours, which need a sign-in."""
    source, alt = SOURCE.search(found[2]), ALT.search(found[2])
    if source is None:
        return ""
    words = (alt[1] if alt else "") or escape(str(_("picture") if found[1].lower() == "img" else _("film")))
    return f'<a href="{source[1]}">{words}</a>'
