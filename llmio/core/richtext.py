"""Rich text: HTML from the editor or Markdown, made safe, and what can be read out of it.

HTML is cleaned when it is written and again when it is shown, since rows may come from elsewhere. What comes out is
regular (double-quoted attributes, escaped text), so the small additions below may work on it with expressions.
"""

from __future__ import annotations

import html as entities
import re
from hashlib import blake2b
from typing import Literal
from urllib.parse import urlsplit

import nh3
from markupsafe import Markup

from llmio.core import markdown, nesting
from llmio.core.cache import Recent

Format = Literal["html", "md"]

TAGS = frozenset(
    [
        "strong",
        "em",
        "b",
        "i",
        "p",
        "s",
        "code",
        "pre",
        "big",
        "div",
        "small",
        "hr",
        "br",
        "span",
        "mark",
        "h1",
        "h2",
        "h3",
        "ul",
        "ol",
        "li",
        "abbr",
        "a",
        "img",
        "video",
        "audio",
        "blockquote",
        "table",
        "thead",
        "tbody",
        "th",
        "tr",
        "td",
        "iframe",
        "u",
    ]
)
ATTRIBUTES = {
    "*": {"data-mention-id", "data-type", "data-checked", "data-due-on", "data-remind", "data-uid", "data-author-id",
          "data-color", "data-text-align"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "audio": {"src"},
    "div": {"data-iframe-container"},
    "iframe": {"src", "width", "height", "allowfullscreen"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "video": {"src", "poster", "width", "height"},
}  # fmt: skip
FRAME_HOSTS = frozenset(
    ("www.youtube-nocookie.com", "www.youtube.com", "player.vimeo.com", "www.loom.com")
)  # as in the pages' content security policy
SCHEMES = frozenset(("http", "https", "mailto", "tel"))
REL = "nofollow ugc noreferrer noopener"
TRIES = 5

_EDGE = re.compile(r"\A(?:\s*<p>(?:\s|&nbsp;|<br>)*</p>)+|(?:<p>(?:\s|&nbsp;|<br>)*</p>\s*)+\Z")
_FRAME = re.compile(r"(<iframe(?:\s+[\w-]+=\"[^\"]*\")*>).*?</iframe>", re.DOTALL)
_LINK = re.compile(r"<a((?:\s+[\w-]+=\"[^\"]*\")*)>")
_HREF = re.compile(r"\shref=\"([^\"]*)\"")
_INSIDE = re.compile(r"#|/(?![/\\])")
_DROPPED = re.compile(r"[\t\r\n]")
"""Browsers pass over these in an address, and take a backslash for a slash."""
_IMAGE = re.compile(r"<img((?:\s+[\w-]+=\"[^\"]*\")*)>")
_HEADING = re.compile(r"<(h[1-3])((?:\s+[\w-]+=\"[^\"]*\")*)>(.*?)</\1>", re.DOTALL)
_MENTION = re.compile(r"<span((?:\s+[\w-]+=\"[^\"]*\")*\sdata-mention-id=\"([^\"]*)\"(?:\s+[\w-]+=\"[^\"]*\")*)>")
_TAG = re.compile(r"<[^>]*>")
_BREAK = re.compile(r"<(?:br|hr|/p|/li|/h[1-3]|/div|/tr|/td|/th|/pre|/blockquote)[^>]*>")
_MEDIA = re.compile(r"<(?:img|video|audio|iframe|hr)[\s>]")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\w]+")


def _filter(element: str, attribute: str, value: str) -> str | None:
    """Frames show films of known hosts and nothing else; sizes are numbers."""
    if element == "iframe" and attribute == "src":
        try:
            parts = urlsplit(value)
        except ValueError:
            return None
        return value if parts.scheme == "https" and parts.netloc in FRAME_HOSTS else None
    if attribute in ("width", "height", "colspan", "rowspan", "start") and not value.isdecimal():
        return None
    return value


_cleaner = nh3.Cleaner(
    tags=set(TAGS),
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    attribute_filter=_filter,
    link_rel=None,
    url_schemes=set(SCHEMES),
)
_stripper = nh3.Cleaner(tags=set())


def clean(text: str | None, format: Format | str = "html") -> str:
    """What to store: HTML with the allowed tags and attributes alone; Markdown as it was typed, without NUL."""
    text = (text or "").replace("\0", "")
    if format != "html":
        return text.replace("\r\n", "\n").rstrip()
    for _ in range(TRIES):
        once = _clean_once(text)
        if once == text:
            return once
        text = once
    # Markup made to look different to each parser that reads it: keep its words alone.
    return f"<p>{entities.escape(_plain(text), quote=False)}</p>"


def _clean_once(text: str) -> str:
    if not nesting.is_parsable(text):
        lines = entities.escape(nesting.words_of(text), quote=False).split("\n")
        return "".join(f"<p>{line}</p>" for line in lines)
    return _EDGE.sub("", _FRAME.sub(r"\1</iframe>", _cleaner.clean(text))).strip()


def to_html(text: str | None, format: Format | str = "html", *, prefix: str = "h-") -> Markup:
    """Safe HTML to show. `prefix` begins the ids of headings, so that two texts on a page share none."""
    if not text:
        return Markup("")
    key = blake2b(f"{format}\0{prefix}\0{text}".encode("utf-8", "replace"), digest_size=16).digest()
    found = _cache.get(key)
    if found is None:
        source = text if format == "html" else markdown.render(text)
        found = Markup(_decorate(_clean_once(source.replace("\0", "")), prefix))  # noqa: S704  # just cleaned
        _cache.put(key, found)
    return found


def _decorate(safe: str, prefix: str) -> str:
    if "<a" in safe:
        safe = _LINK.sub(_link, safe)
    if "<img" in safe:
        safe = _IMAGE.sub(_image, safe)
    if "<h" in safe:
        safe = _headings(safe, prefix)
    if "data-mention-id" in safe:
        safe = _MENTION.sub(r'<span class="mention"\1>', safe)
    if "<pre>" in safe:
        safe = safe.replace("<pre>", '<pre tabindex="0">')
    if "<th></th>" in safe:
        # The empty corner of a table heads nothing, which screen readers would say of it.
        safe = safe.replace("<th></th>", "<td></td>")
    if "<video" in safe or "<audio" in safe:
        safe = safe.replace("<video", '<video controls="" preload="metadata"').replace("<audio", '<audio controls=""')
    return safe


def _link(match: re.Match[str]) -> str:
    attributes = match.group(1)
    found = _HREF.search(attributes)
    inside = found is None or bool(_INSIDE.match(_DROPPED.sub("", found.group(1))))
    target = "" if inside else ' target="_blank"'
    return f'<a{attributes} rel="{REL}"{target}>'


def _image(match: re.Match[str]) -> str:
    attributes = match.group(1)
    alt = "" if " alt=" in attributes else ' alt=""'
    return f'<img{attributes}{alt} loading="lazy">'


def _headings(safe: str, prefix: str) -> str:
    seen: dict[str, int] = {}

    def named(match: re.Match[str]) -> str:
        slug = _WORD.sub("-", entities.unescape(_TAG.sub("", match.group(3))).lower()).strip("-")[:60] or "part"
        seen[slug] = seen.get(slug, 0) + 1
        number = f"-{seen[slug]}" if seen[slug] > 1 else ""
        tag = match.group(1)
        return f'<{tag}{match.group(2)} id="{prefix}{slug}{number}">{match.group(3)}</{tag}>'

    return _HEADING.sub(named, safe)


def plain(text: str | None, format: Format | str = "html") -> str:
    """The words alone; a line for each paragraph."""
    if not text:
        return ""
    return _plain(text if format == "html" else markdown.render(text))


def _plain(source: str) -> str:
    if not nesting.is_parsable(source):
        return nesting.words_of(source)
    broken = _BREAK.sub(lambda found: f"\n{found.group(0)}", source)
    words = entities.unescape(_stripper.clean(broken)).replace("\0", "")
    lines = (_SPACE.sub(" ", line).strip() for line in words.split("\n"))
    return "\n".join(line for line in lines if line)


def excerpt(text: str | None, format: Format | str = "html", length: int = 200) -> str:
    """The beginning as one line of words, at most `length` characters, cut between words."""
    line = plain(text, format).replace("\n", " ")
    if len(line) <= length:
        return line
    cut = line[: max(length - 1, 0)]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > length // 2 else cut).rstrip(" ,;:–-") + "…"


def visible_length(text: str | None, format: Format | str = "html") -> int:
    """How many characters a reader sees; a picture or a film counts as one."""
    if not text:
        return 0
    source = _clean_once(text) if format == "html" else markdown.render(text)
    return len(_plain(source)) + len(_MEDIA.findall(source))


def mentioned(text: str | None, format: Format | str = "html") -> list[str]:
    """Usernames and handles named in the text, in order, each once, in lower case."""
    if not text:
        return []
    if format == "html":
        names = [entities.unescape(name) for _attributes, name in _MENTION.findall(_clean_once(text))]
    else:
        names = markdown.mentions(text)
    return list(dict.fromkeys(name.lower() for name in names if name))


def has_headings(text: str | None, format: Format | str = "html") -> bool:
    """Whether an HTML text is divided by headings (such a comment joins the thread's contents)."""
    return format == "html" and bool(text) and bool(_HEADING.search(_clean_once(text or "")))


_cache: Recent[Markup] = Recent(4_000_000)
