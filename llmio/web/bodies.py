"""How large a request's body may be, how many parts a form may have: decided before it is read, or taken apart."""

from __future__ import annotations

from typing import Any

from multipart import parse_options_header  # type: ignore[import-untyped,unused-ignore]  # typed from 1.3 on
from pyramid.request import Request as PyramidRequest

from llmio.core.i18n import _
from llmio.files import faults
from llmio.files.views import refuse_early

WORDS = ("application/x-www-form-urlencoded", "application/json", "text/plain")
LETTERS = frozenset({"mail.relay", "mail.processor"})
"""Doors for whole mails; they have their own limit."""
PER_CHARACTER = 12
"""Bytes of the longest character in a form: four, each as %XX."""
AROUND = 1_000_000
"""Bytes for all other fields of a form."""
MOST_FIELDS = 10_000
MOST_PARTS = 1_000
"""Of a form with files, each of whose parts may need a temporary file."""
PIECE = 1 << 16


class Request(PyramidRequest):
    """A request whose form is looked at before it is taken apart, whoever asks for it first (CSRF does)."""

    @property
    def POST(self) -> Any:  # noqa: N802  # WebOb's name
        """The form; raises TooLarge where it has more fields than any page of ours."""
        if "webob._parsed_post_vars" not in self.environ:
            refuse_many_fields(self)
        return super().POST

    @property
    def json_body(self) -> Any:
        """JSON; ValueError for what is none, also for what is nested without end."""
        try:
            return super().json_body
        except RecursionError:
            raise ValueError("nested too deep") from None


def fitting(view: Any, info: Any) -> Any:
    """A form that is announced as larger than a file may be is refused before any of it is read (CSRF looks into forms)."""
    if info.exception_only:
        return view

    def fitted(context: Any, request: Any) -> Any:
        kind = request.headers.get("Content-Type", "")
        if request.exception is None and kind.startswith("multipart/"):
            refuse_early(request)
        elif request.exception is None and kind.startswith(WORDS) and info.options.get("route_name") not in LETTERS:
            refuse_long_words(request)
        return view(context, request)

    return fitted


def refuse_long_words(request: Any) -> None:
    """Refuse a form without files, or JSON, that holds more than any text may, before it is read and taken apart."""
    longest = request.app.settings.number("text.max_length") * PER_CHARACTER + AROUND
    if (request.content_length or 0) > longest:
        raise faults.too_large(longest)


def refuse_many_fields(request: Any) -> None:
    """Refuse a form of more fields or parts than any page has: each takes a thousand times its length in memory."""
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    if kind == "application/x-www-form-urlencoded":
        found, most = request.body.count(b"&") + 1, MOST_FIELDS
    elif kind == "multipart/form-data" and options.get("boundary"):
        request.make_body_seekable()
        found, most = _parts_in(request.body_file_raw, b"--" + options["boundary"].encode(), MOST_PARTS), MOST_PARTS
        request.body_file_raw.seek(0)
    else:
        return
    if found > most:
        message = _("This form has more than {count} fields, which is too many.", count=most)
        raise faults.TooLarge(message, {"": [message]})


def _parts_in(file: Any, mark: bytes, enough: int) -> int:
    """How often a mark stands in a file; counting ends when it is enough. A mark across two pieces counts in the second."""
    file.seek(0)
    found, rest = 0, b""
    while found <= enough and (piece := file.read(PIECE)):
        text = rest + piece
        found += text.count(mark)
        rest = text[text.rfind(mark) + len(mark) :][-len(mark) + 1 :] if mark in text else text[-len(mark) + 1 :]
    return found
