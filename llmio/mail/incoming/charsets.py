"""Bytes of mails as text: what they call themselves is often wrong, or nothing that exists."""

from __future__ import annotations

import codecs
import re
from email.header import decode_header

from llmio.mail.incoming.unreadable import UNREADABLE

ALIASES = {
    # Names that mean more than they say (as browsers read them, https://encoding.spec.whatwg.org/#names-and-labels).
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "windows-874": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "ks_c_5601": "cp949",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-unknown": "",
    "unknown-8bit": "",
    "default": "",
    "binary": "",
}
NOT_TEXT = frozenset({"base64", "hex", "bz2", "zlib", "zip", "uu", "quopri", "rot13", "rot_13", "punycode", "idna",
                      "undefined", "unicode_escape", "raw_unicode_escape", "unicode-escape", "mbcs", "oem"})  # fmt: skip
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
JIS = re.compile(rb"\x1b(\(B|\(J|\(I|\$B|\$@)([^\x1b]*)")
ENCODED = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=(?:\s+=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=)*")
WORDS = re.compile(r"(\?=)[ \t\r\n]+(=\?)")


def decoded(raw: bytes, charset: str = "") -> str:
    """The text: by its declared charset, else as UTF-8, else as Windows wrote in the West."""
    if raw.startswith(codecs.BOM_UTF8):
        raw, charset = raw[3:], "utf-8"
    for name in (_known(charset), "utf-8", "cp1252"):
        # Pure ASCII in the header and UTF-8 in the text is common: UTF-8 that is right is no coincidence.
        if name == "cp1252" and charset and _is_utf8(raw):
            name = "utf-8"  # noqa: PLW2901  # meant
        if not name:
            continue
        try:
            return _clean(_iso2022_jp(raw) if name.startswith("iso2022_jp") else raw.decode(name))
        except (UnicodeError, LookupError, ValueError):
            continue
    declared = _known(charset)
    return _clean(raw.decode(declared if declared.startswith(("utf", "gb", "cp9", "iso2022")) else "cp1252", "replace"))


def _iso2022_jp(raw: bytes) -> str:
    """ISO-2022-JP as mail programs of Windows write it, with signs such as ① and ㈱ that the standard does not have.

    JIS X 0208 and the code page 932 hold the same table in another order of bytes (as browsers read it,
    https://encoding.spec.whatwg.org/#iso-2022-jp); UnicodeError where it is neither.
    """
    try:
        return raw.decode("iso2022_jp_ext")
    except UnicodeError:
        made = ""
        for kind, text in JIS.findall(b"\x1b(B" + raw):
            if kind in (b"$B", b"$@"):
                made += b"".join(_shifted(*text[at : at + 2]) for at in range(0, len(text) - 1, 2)).decode("cp932")
            else:
                made += (bytes(one | 0x80 for one in text) if kind == b"(I" else text).decode("cp932")
        return made


def _shifted(row: int, cell: int) -> bytes:
    """A sign of JIS X 0208 as Shift JIS has it."""
    low = cell + (0x7E if row % 2 == 0 else 0x1F if cell < 0x60 else 0x20)
    high = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
    return bytes((high & 0xFF, low & 0xFF))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeError:
        return False
    return True


def _known(charset: str) -> str:
    name = charset.strip().strip("\"'").lower()
    name = ALIASES.get(name, name)
    if not name or name in NOT_TEXT:
        return ""
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    # codecs that turn bytes into bytes are no charsets
    return info.name if getattr(info, "_is_text_encoding", True) and info.name not in NOT_TEXT else ""


def _clean(text: str) -> str:
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def header_text(value: object) -> str:
    """A header as text in one line; encoded words are decoded, as far as they can be."""
    raw = str(value)
    try:
        raw = raw.encode("ascii", "surrogateescape").decode("utf-8")
    except UnicodeError:
        raw = decoded(raw.encode("utf-8", "surrogateescape"))
    raw = " ".join(raw.split())
    if "=?" not in raw:
        return _clean(raw)
    try:
        pieces = decode_header(WORDS.sub(r"\1 \2", raw))
    except UNREADABLE:
        return _clean(raw)
    joined = "".join(_piece(text, charset) for text, charset in _merged(pieces))
    return " ".join(joined.split())


def address_text(value: object) -> str:
    """A header of addresses as text: what is encoded is part of a name, and stands in quotes, whatever signs it holds.

    Else a name could pass for an address.
    """
    raw = str(value)

    def named(found: re.Match[str]) -> str:
        words = header_text(found[0]).replace("=?", "= ?")  # decoded once, and never again
        if raw.count('"', 0, found.start()) % 2:
            return words.replace('"', "").replace("\\", "")
        return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'

    return header_text(ENCODED.sub(named, raw))


def _merged(pieces: list[tuple[str | bytes, str | None]]) -> list[tuple[bytes, str]]:
    """Neighbours of one charset together: a letter may be cut in two between them."""
    made: list[tuple[bytes, str]] = []
    for text, charset in pieces:
        raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
        name = charset or ("utf-8" if isinstance(text, str) else "")
        if made and made[-1][1] == name and name:
            made[-1] = (made[-1][0] + raw, name)
        else:
            made.append((raw, name))
    return made


def _piece(raw: bytes, charset: str) -> str:
    return decoded(raw, charset)
