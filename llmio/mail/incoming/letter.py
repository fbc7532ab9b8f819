"""A mail as values: who wrote what to whom. Made from raw bytes by pure functions that never raise."""

from __future__ import annotations

import io
import mimetypes
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.utils import getaddresses
from typing import IO

from llmio.mail.incoming import charsets, html, mime, signed, tnef, uuencoded
from llmio.mail.incoming.flowed import unflowed
from llmio.mail.incoming.unreadable import UNREADABLE
from llmio.mail.plain import html_to_text

TEXT_LIMIT = 4 << 20
"""Bytes of one text that are read; whoever writes more sends a file."""
ADDRESS = re.compile(
    r"(?:[^\s@<>,;:\"()\[\]\\]{1,64}|\"(?:[^\"\\\r\n]|\\[ -~]){1,62}\")@[A-Za-z0-9.\-\u00a1-\uffff]{1,255}"
)
PLAIN = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}")
TO_HEADERS = ("x-original-to", "delivered-to", "to", "cc", "resent-to", "x-forwarded-to")
OF_ADDRESSES = frozenset({*TO_HEADERS, "from", "sender", "reply-to", "resent-from"})
SHOWN = frozenset({"text/plain", "text/html", "text/enriched", "text/markdown", "text/x-markdown"})
IGNORED = frozenset(
    {
        "text/calendar",
        "application/ics",
        "application/ms-tnef",
        "application/vnd.ms-tnef",
        "text/watch-html",
        "text/x-amp-html",
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-encrypted",
        "application/pgp-keys",
        "message/delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
    }
)
"""Parts that are for programs."""
IGNORED_NAMES = re.compile(
    r"winmail\.dat|win\.dat|invite\.ics|smime\.p7s|signature\.asc|ATT\d+\.(?:txt|htm|html)", re.IGNORECASE
)


ARMOURED = re.compile(r"(?:(?!>).{0,60}\n){0,5}\s*-----BEGIN PGP MESSAGE-----[ \t]*\n", re.MULTILINE)
"""Words that are encrypted, perhaps below a greeting."""
ARMOUR = "-----BEGIN PGP SIGNED MESSAGE-----"
SIGNED, SIGNED_END = "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----"
CALENDARS = frozenset({"text/calendar", "application/ics"})
METHOD = re.compile(rb"^METHOD:([A-Za-z]{1,20})\s*$", re.MULTILINE | re.IGNORECASE)
REPORT, REPORT_LIMIT = "message/delivery-status", 1 << 16


@dataclass(frozen=True)
class File:
    """A file in a mail; `cid` is how its HTML names it."""

    name: str
    content_type: str
    cid: str
    size: int
    open: Callable[[], IO[bytes]] = field(compare=False)


@dataclass(frozen=True)
class Letter:
    """A mail. Header names are in lower case; of a repeated header the first is kept, `all_headers` has each."""

    headers: dict[str, str]
    all_headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    html: str = ""
    has_text: bool = True
    """False where the text was made of the HTML."""
    files: tuple[File, ...] = ()
    report: str = ""
    """What a server reports of a delivery, for programs."""
    method: str = ""
    """What it asks of calendars."""
    encrypted: bool = False
    """Nobody but its recipient can read it."""
    cut: bool = False
    """It has more parts than are read."""

    def header(self, name: str) -> str:
        """A header, or empty."""
        return self.headers.get(name.lower(), "")

    @property
    def subject(self) -> str:
        """The subject in one line."""
        return self.header("subject")

    @property
    def sender(self) -> tuple[str, str]:
        """(name, address) of the first sender; an address in lower case, empty where there is none."""
        found = addresses_in([self.header("from")])
        return found[0] if found else ("", "")

    @property
    def recipients(self) -> list[str]:
        """Every address it was sent to, in lower case in the host alone: keys in local parts are case-sensitive."""
        values = [value for wanted in TO_HEADERS for name, value in self.all_headers if name == wanted]
        return list(dict.fromkeys(address for _name, address in addresses_in(values, fold=False)))

    @property
    def message_id(self) -> str:
        """Its id without angle brackets; empty where it has none."""
        return self.header("message-id").strip().strip("<>").strip()[:998]


def addresses_in(values: Iterable[str], *, fold: bool = True) -> list[tuple[str, str]]:
    """(name, address) pairs of address headers; what is no address is left out."""
    found: list[tuple[str, str]] = []
    for value in values:
        try:
            pairs = getaddresses([value])
        except UNREADABLE:
            pairs = []
        good = [(name.strip(), address) for name, address in pairs if ADDRESS.fullmatch(address)]
        if not good:
            good = [("", address) for address in ADDRESS.findall(value)]
        found += [(name, _folded(address, local=fold)) for name, address in good]
    return found


def _folded(address: str, *, local: bool) -> str:
    name, _at, host = address.rpartition("@")
    if name.startswith('"') and PLAIN.fullmatch(name[1:-1]):
        name = name[1:-1]  # quotes that it does not need
    return f"{name.lower() if local else name}@{host.lower().rstrip('.')}"


def headers_of(taken: mime.Taken) -> tuple[tuple[str, str], ...]:
    """All headers decoded, in order, names in lower case."""
    try:
        raw = list(taken.headers.raw_items())
    except UNREADABLE:
        raw = []
    return tuple(
        (low, charsets.address_text(value) if low in OF_ADDRESSES else charsets.header_text(value))
        for low, value in ((name.lower(), value) for name, value in raw)
    )


def read(taken: mime.Taken) -> Letter:
    """The mail of these parts."""
    everything = headers_of(taken)
    first: dict[str, str] = {}
    for name, value in everything:
        first.setdefault(name, value)
    texts: list[str] = []
    pages: list[str] = []
    files: list[File] = []
    report = method = ""
    encrypted = False
    for part in _opened(taken):
        encrypted = encrypted or is_encrypted(part)
        method = method or method_of(part)
        if part.content_type == REPORT:
            report = report or part.text(REPORT_LIMIT).decode("utf-8", "replace")
        elif is_text(part):
            _add_text(part, texts, pages)
        elif tnef.is_wrapping(part, name_of(part)):
            files += [_file(one, len(files) + number) for number, one in enumerate(tnef.unpacked(part), start=1)]
        elif not is_ignored(part):
            files.append(_file(part, len(files) + 1))
    page = "\n<br>\n".join(pages)
    text = "\n\n".join(one for one in (each.strip("\n") for each in texts) if one.strip())
    text, within = uuencoded.taken_out(unarmoured(text))
    files += [_held(name, content) for name, content in within]
    has_text = bool(text.strip())
    if not has_text and page:
        text = text_of(page)
    return Letter(
        first,
        everything,
        text,
        page,
        has_text,
        tuple(files),
        report,
        method,
        encrypted or bool(ARMOURED.match(text)),
        taken.cut,
    )


def _opened(taken: mime.Taken) -> Iterator[mime.Part]:
    """The parts, and those of a mail within a signature in its place."""
    for part in list(taken.parts):
        within = signed.taken_out(part) if signed.is_signed(part) else None
        if within is None:
            yield part
        else:
            taken.inside.append(within)
            yield from within.parts


def is_encrypted(part: mime.Part) -> bool:
    """Whether a part is for who has the key alone (OpenPGP, RFC 3156; S/MIME, RFC 8551, what is signed alone was opened before)."""
    return (
        bool({"multipart/encrypted"} & set(part.within))
        or part.content_type == "application/pgp-encrypted"
        or (signed.is_signed(part) and not part.within)
    )


def unarmoured(text: str) -> str:
    """What was signed within the text (OpenPGP's clear signatures, RFC 9580 7), without the signature; else the text."""
    before, armour, rest = text.partition(ARMOUR)
    words, signed, after = rest.replace("\r\n", "\n").partition(SIGNED)
    if not armour or not signed:
        return text
    _head, _blank, words = words.partition("\n\n")
    return before + re.sub(r"(?m)^- ", "", words) + after.partition(SIGNED_END)[2]


def method_of(part: mime.Part) -> str:
    """What a part asks of calendars (`REQUEST`, `REPLY`, …); empty where it is none."""
    if part.content_type not in CALENDARS:
        return ""
    found = METHOD.search(part.text(REPORT_LIMIT))
    return (mime.parameter(part.headers, "method") or (found[1].decode("ascii") if found else "")).upper()


def text_of(page: str) -> str:
    """A page of HTML as text."""
    return re.sub(r"(?m)^ (?=\S)", "", html_to_text(html.regular(page)))


def is_text(part: mime.Part) -> bool:
    """Whether it is shown as the mail's words, rather than as a file."""
    kind = part.content_type
    if kind not in SHOWN or disposition(part) == "attachment":
        return False
    if any(each in ("multipart/report", "multipart/digest") for each in part.within):
        return kind == "text/plain"
    return not (name_of(part) and kind != "text/html" and disposition(part) != "inline") or not part.within


def is_ignored(part: mime.Part) -> bool:
    """Whether it is for programs: calendars, Outlook's wrapping, signatures."""
    if part.size == 0 or part.content_type in IGNORED:
        return True
    return bool(IGNORED_NAMES.fullmatch(name_of(part))) and not part.content_type.startswith("image/")


def disposition(part: mime.Part) -> str:
    """`attachment`, `inline` or empty."""
    value = str(part.headers.get("content-disposition") or "")
    return value.split(";", maxsplit=1)[0].strip().lower()


def name_of(part: mime.Part) -> str:
    """The file name of a part, by either header; empty where it has none."""
    name = mime.parameter(part.headers, "filename", "content-disposition") or mime.parameter(part.headers, "name")
    return charsets.header_text(name).strip()


def _add_text(part: mime.Part, texts: list[str], pages: list[str]) -> None:
    words = charsets.decoded(part.text(TEXT_LIMIT), mime.parameter(part.headers, "charset") or _by_meta(part))
    if part.content_type == "text/html":
        pages.append(words)
    elif part.content_type == "text/enriched":
        texts.append(re.sub(r"</?[A-Za-z][^<>]{0,60}>", "", words))
    elif mime.parameter(part.headers, "format").lower() == "flowed":
        texts.append(unflowed(words, delsp=mime.parameter(part.headers, "delsp").lower() == "yes"))
    else:
        texts.append(words)


def _by_meta(part: mime.Part) -> str:
    """The charset that an HTML page says of itself, where its part says none."""
    if part.content_type != "text/html":
        return ""
    found = re.search(rb"<meta[^>]{0,200}charset=[\"']?([A-Za-z0-9_.:-]{1,40})", part.text(4096), re.IGNORECASE)
    return found.group(1).decode("ascii") if found else ""


def _held(name: str, content: bytes) -> File:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return File(name, kind, "", len(content), lambda: io.BytesIO(content))


def _file(part: mime.Part, number: int) -> File:
    kind = part.content_type
    name = name_of(part)
    if not name:
        ending = ".eml" if kind == "message/rfc822" else mimetypes.guess_extension(kind) or ".bin"
        name = f"file-{number}{ending}"
    cid = charsets.header_text(part.headers.get("content-id") or "").strip().strip("<>")
    return File(name, kind, cid, part.size, part.open)
