"""How large a request's body may be, how many parts a form may have: decided before it is read, or taken apart."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request as PyramidRequest
from webob.compat import cgi_FieldStorage, parse_header
from webob.multidict import MultiDict, NoVars

from llmio.core.errors import LlmioError
from llmio.core.i18n import _
from llmio.files import faults
from llmio.files.views import refuse_early

SHORT, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
WORDS = (SHORT, "application/json", "text/plain")
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


class Garbled(LlmioError):
    """A form that cannot be taken apart."""

    status = 400


class Form(cgi_FieldStorage):
    """A form without forms in its parts: no browser sends such (RFC 7578, 4.3), and nobody counts what is in them."""

    def read_multi(self, *args: Any) -> None:
        """Take a form apart."""
        if self.outerboundary:
            raise ValueError("a form in a form")
        super().read_multi(*args)


class Request(PyramidRequest):
    """A request whose form is looked at before it is taken apart, whoever asks for it first (CSRF does)."""

    @property
    def POST(self) -> Any:  # noqa: N802  # WebOb's name
        """The form; raises TooLarge where it has more fields than any page of ours, Garbled where it is none."""
        taken, file = self.environ.get("webob._parsed_post_vars", (None, None))
        if taken is not None and file is self.body_file_raw:
            return taken
        kind = self.content_type or (SHORT if self.method == "POST" else "")
        if kind not in (SHORT, PARTS):
            return NoVars(f"no form: {kind}")
        refuse_many_fields(self)
        self.make_body_seekable()
        self.body_file_raw.seek(0)
        environ = {"CONTENT_LENGTH": "0", **self.environ, "QUERY_STRING": ""}
        try:
            form = Form(fp=self.body_file, environ=environ, keep_blank_values=True, encoding="utf8")
            taken = MultiDict.from_fieldstorage(form)
        except UnicodeDecodeError:
            raise
        except (ValueError, LookupError) as error:  # no boundary, a charset that does not exist, base64 that is none
            self.environ["webob._parsed_post_vars"] = MultiDict(), self.body_file_raw  # the page that says so asks, too
            raise Garbled(_("The form could not be understood.")) from error
        self.environ["webob._parsed_post_vars"] = taken, self.body_file_raw
        return taken

    @property
    def json_body(self) -> Any:
        """JSON; ValueError for what is none, also for what is nested without end or in a charset that does not exist."""
        try:
            return super().json_body
        except RecursionError:
            raise ValueError("nested too deep") from None
        except LookupError:
            raise ValueError("no such charset") from None


def fitting(view: Any, info: Any) -> Any:
    """A form that is announced as larger than a file may be is refused before any of it is read (CSRF looks into forms)."""
    if info.exception_only:
        return view

    def fitted(context: Any, request: Any) -> Any:
        kind = request.headers.get("Content-Type", "")
        if request.exception is None and kind.startswith("multipart/"):
            refuse_early(request)
        elif (
            request.exception is None
            and (not kind or kind.startswith(WORDS))
            and info.options.get("route_name") not in LETTERS
        ):
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
    kind, options = parse_header(request.headers.get("Content-Type", ""))
    if kind == PARTS:
        request.make_body_seekable()
        mark = b"--" + options.get("boundary", "").encode()
        found, most = _parts_in(request.body_file_raw, mark, MOST_PARTS), MOST_PARTS
        request.body_file_raw.seek(0)
    else:
        found, most = request.body.count(b"&") + 1, MOST_FIELDS
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
