"""Reading a request's body as it comes, without any of it waiting in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from multipart import (  # type: ignore[import-untyped,unused-ignore]  # typed from 1.3 on
    MultipartError,
    MultipartParser,
    MultipartPart,
    ParserLimitReached,
    parse_options_header,
)

from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.files import faults

FIELD = "file"
SMALL = 1 << 16
"""Bytes of a part that are kept in memory."""


@contextmanager
def form_of(request: Any) -> Iterator[dict[str, MultipartPart]]:
    """The parts of a form by name; temporary files are gone afterwards. Raises TooLarge, Invalid, BrokenOff.

    WebOb would first copy the whole body to a temporary file, and then each part of it to another one.
    """
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise Invalid.at(FIELD, _("Please choose a file."))
    limit = request.app.settings.number("files.max_bytes")
    if request.is_body_seekable:  # the token of CSRF was looked for in it
        request.body_file_raw.seek(0)
    parts: dict[str, MultipartPart] = {}
    parser = MultipartParser(
        request.body_file, options["boundary"], part_limit=20, partsize_limit=limit, spool_limit=SMALL
    )
    try:
        with faults.told():
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
        raise faults.too_large(limit) from error
    except MultipartError as error:
        # Either it was never well-formed, or its end did not come.
        raise faults.BrokenOff(_("The file did not come whole. Please try again.")) from error


def raw(request: Any) -> IO[bytes]:
    """The body itself."""
    return request.body_file
