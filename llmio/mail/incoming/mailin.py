"""What mailin posts, as the raw mail that it was made of: so that one reader serves both doors."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.header import Header
from typing import IO, Any
from urllib.parse import quote

from multipart import (  # type: ignore[import-untyped,unused-ignore]  # typed from 1.3 on
    MultipartError,
    MultipartParser,
    MultipartPart,
    ParserLimitReached,
    parse_options_header,
)

from llmio.mail.incoming import keeping

LINE = 57 * 1000
SKIPPED = frozenset(
    {"content-type", "content-transfer-encoding", "mime-version", "content-disposition", "content-length"}
)


MESSAGE = "mailinMsg"
LARGEST_MESSAGE = 8 << 20
"""Bytes of JSON, or of a whole form that is not sent in parts: they are held in memory several times over. Files come beside it."""
SMALL, MOST_PARTS = 1 << 16, 500


class NoMail(ValueError):
    """What was posted is none; the text says why."""


@dataclass(frozen=True)
class Posted:
    """A mail in JSON, its files (name, content type, id, Base64), and what mailin found out about the sender."""

    headers: Sequence[tuple[str, str]]
    text: str = ""
    html: str = ""
    files: Sequence[tuple[str, str, str, Any]] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    recipients: Sequence[str] = ()


@contextmanager
def form_of(request: Any, limit: int) -> Iterator[Mapping[str, Any]]:
    """The fields of a form, large ones in temporary files. TooLarge beyond the limit, NoMail where it is no form.

    WebOb would hold a field without a file name, as mailin sends files, four times in memory.
    """
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    if kind != "multipart/form-data":
        if (request.content_length or 0) > LARGEST_MESSAGE:
            raise keeping.too_large(LARGEST_MESSAGE)
        yield request.POST
        return
    parser = MultipartParser(
        request.body_file_raw,
        options.get("boundary") or "-",
        content_length=-1 if request.content_length is None else request.content_length,
        part_limit=MOST_PARTS,
        disk_limit=limit,
        spool_limit=SMALL,
    )
    parts: dict[str, MultipartPart] = {}
    try:
        _collect(parser, parts, limit)
        yield parts
    finally:
        for part in parts.values():
            part.close()


def _collect(parser: MultipartParser, parts: dict[str, MultipartPart], limit: int) -> None:
    try:
        for part in parser:
            parts.setdefault(part.name, part)
    except ParserLimitReached as error:
        raise keeping.too_large(limit) from error
    except MultipartError as error:
        raise NoMail("This is no form, or its end did not come.") from error


def read(posted: Mapping[str, Any]) -> Posted:
    """The mail in a posted form; NoMail where there is none, TooLarge where its words alone are too much."""
    raw: Any = posted.get(MESSAGE)
    if hasattr(raw, "file"):
        raw = raw.file.read(LARGEST_MESSAGE + 1)
    if raw and len(raw) > LARGEST_MESSAGE:
        raise keeping.too_large(LARGEST_MESSAGE)
    if not raw:
        raise NoMail("The field mailinMsg is missing.")
    try:
        # Halves of letters, where a program cut a text in one, can neither be written nor stored.
        data = json.loads(json.dumps(json.loads(raw), ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise NoMail("The field mailinMsg is no JSON.") from None
    if not isinstance(data, dict) or not isinstance(data.get("headers", {}), dict):
        raise NoMail("The field mailinMsg is no mail.")
    checks = {name: str(data[name]) for name in ("spf", "dkim") if isinstance(data.get(name), str)}
    return Posted(
        headers=list(_headers(data)),
        text=_text(data.get("text")),
        html=_text(data.get("html")),
        files=list(_files(data, posted)),
        checks=checks,
        recipients=[address for address in map(_address, _list(data.get("envelopeTo"))) if address],
    )


def _headers(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    headers = {str(name).lower(): value for name, value in data.get("headers", {}).items()}
    for name, field_name in (("subject", "subject"), ("message-id", "messageId")):
        if name not in headers and isinstance(data.get(field_name), str):
            headers[name] = data[field_name]
    for name in ("from", "to", "cc"):
        if name not in headers and data.get(name):
            headers[name] = ", ".join(filter(None, map(_address, _list(data[name]))))
    for name, value in headers.items():
        if name in SKIPPED or not name.replace("-", "").isalnum() or not name.isascii():
            continue
        for one in _list(value):
            if isinstance(one, str | int | float):
                yield name, " ".join(str(one).split())


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _address(value: Any) -> str:
    return str(value.get("address") or "") if isinstance(value, dict) else value if isinstance(value, str) else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _files(data: dict[str, Any], posted: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    for one in _list(data.get("attachments")):
        if not isinstance(one, dict):
            continue
        name = _text(one.get("generatedFileName")) or _text(one.get("fileName"))
        content = posted.get(name) if name else None
        if content is not None:
            kind = _text(one.get("contentType")) or "application/octet-stream"
            yield name, kind, _text(one.get("contentId")), content


def write(mail: Posted, to: IO[bytes]) -> None:
    """Write it as a raw mail."""
    boundary = secrets.token_hex(16)
    for name, value in mail.headers:
        to.write(f"{name}: {_encoded(value)}\r\n".encode("ascii", "replace"))
    to.write(f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode())
    for kind, text in (("plain", mail.text), ("html", mail.html)):
        if text:
            to.write(_head(boundary, f"text/{kind}; charset=utf-8"))
            _base64(text.encode("utf-8", "replace"), to)
    for name, kind, cid, content in mail.files:
        clean_kind = "".join(letter for letter in kind if letter.isalnum() or letter in "/.+-")
        extra = f"Content-ID: <{_encoded(cid.strip('<>'))}>\r\n" if cid else ""
        to.write(_head(boundary, clean_kind, f"attachment; filename*=UTF-8''{quote(name, safe='')}", extra))
        _copy(content, to)
    to.write(f"--{boundary}--\r\n".encode())


def _head(boundary: str, kind: str, disposition: str = "", extra: str = "") -> bytes:
    shown = f"Content-Disposition: {disposition}\r\n" if disposition else ""
    lines = f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n{shown}{extra}\r\n"
    return lines.encode("ascii", "replace")


def _encoded(value: str) -> str:
    return value if value.isascii() else Header(value, "utf-8", maxlinelen=75).encode(linesep="\r\n")


def _base64(raw: bytes, to: IO[bytes]) -> None:
    for start in range(0, len(raw), LINE):
        to.write(binascii.b2a_base64(raw[start : start + LINE]))
    to.write(b"\r\n")


def _copy(content: Any, to: IO[bytes]) -> None:
    """A file's Base64 as it came, or the bytes of an uploaded one, encoded."""
    if hasattr(content, "file"):
        head = content.file.read(4096)
        content.file.seek(0)
        is_base64 = set(head) <= set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n")
        while piece := content.file.read(LINE):
            to.write(piece if is_base64 else base64.encodebytes(piece))
        to.write(b"\r\n")
        return
    to.write(str(content).encode("ascii", "replace") + b"\r\n")
