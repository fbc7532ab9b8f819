"""HTML as plain text, for the text part of a mail."""

from __future__ import annotations

import re
from html.parser import HTMLParser

BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "header",
        "footer",
        "blockquote",
        "pre",
        "table",
        "tr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "figure",
        "hr",
    ]
)
SPACED = frozenset(["p", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "section"])
SKIPPED = frozenset(["style", "script", "head", "title", "template"])
MARK = re.compile(r" *(?:-|\d+\.) ")
VOID_SKIPPED = frozenset({"img"})
LONGEST_SIGN = 12


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._skipping = 0
        self._lists: list[int | None] = []
        self._link: tuple[str, int] | None = None
        self._quotes: list[int] = []
        self._pre = 0
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in SKIPPED:
            self._skipping += 1
        elif self._skipping:
            return
        elif tag == "br":
            self.out.append("\n")
        elif tag == "li":
            self._start_item()
        elif tag in ("ul", "ol"):
            self._break(double=not self._lists)
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "a":
            self._link = (values.get("href") or "", len(self.out))
        elif tag == "img" and values.get("alt"):
            alt = values["alt"] or ""
            self.out.append(alt if is_sign(alt) else f"[{alt}]")
        elif tag in ("td", "th"):
            self._start_cell()
        elif tag in BLOCKS:
            self._enter(tag)

    def _start_cell(self) -> None:
        if self._cells:
            if self.out:
                self.out[-1] = self.out[-1].rstrip(" ")
            self.out.append(" | ")
        self._cells += 1

    def _enter(self, tag: str) -> None:
        if not self._at_mark():
            self._break(double=tag in SPACED and not self._lists)
        if tag == "blockquote":
            self._quotes.append(len(self.out))
        elif tag == "pre":
            self._pre += 1
        elif tag == "tr":
            self._cells = 0
        elif tag == "hr":
            self.out.append("----\n")

    def _start_item(self) -> None:
        self._break()
        depth = max(0, len(self._lists) - 1)
        mark = "- "
        if self._lists and self._lists[-1] is not None:
            self._lists[-1] += 1
            mark = f"{self._lists[-1]}. "
        self.out.append("  " * depth + mark)

    def handle_endtag(self, tag: str) -> None:
        if tag in SKIPPED:
            self._skipping = max(0, self._skipping - 1)
        elif self._skipping:
            return
        elif tag == "a":
            self._end_link()
        elif tag in ("ul", "ol"):
            if self._lists:
                self._lists.pop()
            self._break(double=not self._lists)
        elif tag == "blockquote" and self._quotes:
            start = self._quotes.pop()
            inner = "".join(self.out[start:]).strip("\n")
            self.out[start:] = ["\n".join(f"> {line}" for line in inner.split("\n"))]
            self._break(double=True)
        elif tag in BLOCKS:
            self._pre -= tag == "pre"
            self._break(double=tag in SPACED and not self._lists)

    def _at_mark(self) -> bool:
        """Whether a list item has begun and has no words yet: editors put a paragraph into each."""
        return bool(self._lists and self.out and MARK.fullmatch(self.out[-1]))

    def _end_link(self) -> None:
        if self._link is None:
            return
        url, start = self._link
        self._link = None
        words = "".join(self.out[start:]).strip()
        if url.startswith(("http://", "https://")) and url != words:
            self.out.append(f" ({url})" if words else url)

    def handle_data(self, data: str) -> None:
        if self._skipping:
            return
        if self._pre:
            self.out.append(data)
            return
        text = re.sub(r"\s+", " ", data)
        if text == " " and (not self.out or self.out[-1].endswith(("\n", " "))):
            return
        if self.out and self.out[-1].endswith("\n"):
            text = text.lstrip(" ")
        self.out.append(text)

    def _break(self, *, double: bool = False) -> None:
        written = "".join(self.out[-3:])
        if not written.strip("\n") and not self.out:
            return
        wanted = 2 if double else 1
        there = len(written) - len(written.rstrip("\n"))
        if wanted > there:
            self.out.append("\n" * (wanted - there))


def html_to_text(html: str) -> str:
    """Readable text: lists with marks, quotes with `>`, links with their address."""
    writer = _Writer()
    writer.feed(html)
    writer.close()
    text = "".join(writer.out)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip()


def is_sign(alt: str) -> bool:
    """Whether a picture stands for a sign alone, such as an emoji."""
    return len(alt) <= LONGEST_SIGN and not any(one.isalnum() or one.isspace() or one.isascii() for one in alt)
