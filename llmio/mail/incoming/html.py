"""HTML of mails: quotes of older mails taken out, pictures within it pointed at where they are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser
from urllib.parse import unquote

import nh3

from llmio.core import nesting
from llmio.mail.incoming.unreadable import UNREADABLE

QUOTES = re.compile(
    r"\b(gmail_quote|gmail_quote_container|gmail_extra|yahoo_quoted|protonmail_quote|moz-cite-prefix|moz-signature|"
    r"moz-forward-container|tutanota_quote|zmail_extra|zmail_extra_hr|OutlookMessageHeader|mail_quote_|"
    r"WordSection1_quote|freebirdFormviewerViewHeader|ms-outlook-mobile-reference-message|gmail_signature|"
    r"gmail_signature_prefix|protonmail_signature_block|yahoo-signature|AppleMailSignature|"
    r"ProtonMailQuote|front-blockquote|hcb_quote|mailbird-quote|spark_quote|gl_quote)\b",
)
QUOTE_IDS = re.compile(
    r"(appendonsend|divRplyFwdMsg|mail-editor-reference-message-container|reply-intro|replySplit|"
    r"OLK_SRC_BODY_SECTION|Signature|AppleMailSignature|ydp[0-9a-f]+yahoo_quoted.*|ms-outlook-mobile-signature|"
    r"zmail_extra|Zm-_Id_-Sgn\d*|quoted_header|originalMessage|isReplyContent|LPBorder.*)",
    re.IGNORECASE,
)
RENAMED = re.compile(r"(?<!\S)(?:x_)+")
"""What Outlook on the web puts before ids and classes of a mail that it shows, once for each time it was answered."""
CITED = ("cite", "mail-quote")
NAMED = ("quote", "messageReplySection", "messageSignatureSection")
"""Names that GMX and Spark give."""
REST = ("appendonsend", "divRplyFwdMsg", "replySplit", "OLK_SRC_BODY_SECTION")
"""Marks that everything after them is the older mail."""
VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
CID = re.compile(r"(src\s*=\s*)([\"']?)cid:([^\"'\s>]+)\2", re.IGNORECASE)
KEPT = {"*": {"class", "id", "name", "type", "cite", "dir", "align", "start", "colspan", "rowspan", "title"},
        "a": {"href"}, "img": {"src", "alt", "width", "height"}}  # fmt: skip
_regular = nh3.Cleaner(
    tags=set(nh3.ALLOWED_TAGS)
    | {"html", "body", "font", "section", "article", "figure", "big", "main", "s", "u", "label"},
    attributes=KEPT,
    url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
    clean_content_tags={"script", "style", "title"},
    link_rel=None,
)


def regular(page: str) -> str:
    """The page as well-formed HTML without what is never shown.

    The cleaner is a real parser that takes time in proportion to the page; Python's own, which reads what comes out,
    takes the square of it for pages made to that end.
    """
    page = page.replace("\0", "")
    if not nesting.is_parsable(page):
        page = f"<pre>{escape(nesting.words_of(page), quote=False)}</pre>"
    return _regular.clean(page)


def without_quotes(page: str) -> str:
    """The page without quoted mails and signatures, where mail programs mark them."""
    cutter = _Cutter()
    try:
        cutter.feed(regular(page))
        cutter.close()
    except UNREADABLE:
        return page
    return "".join(cutter.out)


def cids_of(page: str) -> list[str]:
    """Names of pictures that stand within the page, in order, each once."""
    return list(dict.fromkeys(unquote(found[2]) for found in CID.findall(page)))


def with_pictures(page: str, addresses: Mapping[str, str]) -> str:
    """The page with each `cid:` replaced by an address; those not known are left out."""

    def pointed(found: re.Match[str]) -> str:
        address = addresses.get(unquote(found.group(3)))
        return f'{found.group(1)}"{escape(address)}"' if address else f'{found.group(1)}""'

    return re.sub(r'<img[^>]*\ssrc\s*=\s*""[^>]*>', "", CID.sub(pointed, page))


class _Cutter(HTMLParser):
    """Writes the page again, without what lies within a quote."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.out: list[str] = []
        self._inside: list[str] = []
        self._over = False

    def _write(self, text: str) -> None:
        if not self._inside and not self._over:
            self.out.append(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._inside:
            if tag not in VOID:
                self._inside.append(tag)
            return
        values = {name: RENAMED.sub("", value or "") for name, value in attrs}
        if any(values.get("id", "").startswith(mark) for mark in REST):
            self._over = True
        if is_quote(tag, values):
            if tag not in VOID:
                self._inside.append(tag)
            return
        self._write(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._write(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self._inside:
            if tag in self._inside:
                while self._inside and self._inside.pop() != tag:
                    pass
            return
        self._write(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._write(data)

    def handle_entityref(self, name: str) -> None:
        self._write(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._write(f"&#{name};")


def is_quote(tag: str, values: Mapping[str, str]) -> bool:
    """Whether a mail program marks this element as the older mail, or as a signature."""
    if tag == "blockquote" and (values.get("type", "").lower() in CITED or "cite" in values):
        return True
    if values.get("name", "") in NAMED:
        return True
    return bool(QUOTES.search(values.get("class", "")) or QUOTE_IDS.fullmatch(values.get("id", "")))
