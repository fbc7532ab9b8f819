"""What was entered in a form that comes too late, kept on the page that says so, to be sent again.

A form is late where it was opened in another session, or where its sender is signed out by now.
"""

from __future__ import annotations

from typing import Any, Final

from llmio.core import richtext
from llmio.core.errors import LlmioError

PAGE: Final = "llmio:web/templates/errors/kept.jinja2"
OURS: Final = frozenset({"csrf_token", "_method"})
SHORT: Final = 1000
"""Bytes of a form in which nothing was entered, at most; others may be refused for their length, unread."""
WORTH_SHOWING: Final = 12
"""Characters from which on a value is something that somebody wrote."""


def may_be_kept(request: Any) -> bool:
    """Whether a form of our own pages was sent by a browser, with something in it.

    What another site makes a browser send is never offered to be sent again: browsers name the page's origin.
    """
    return not request.wants_json and sent_by_ours(request) and bool(_fields(request))


def is_bare(request: Any) -> bool:
    """Whether it was a mere button: nothing was entered that could be lost. What is longer is not read to find out."""
    short = request.content_length is not None and request.content_length <= SHORT
    return short and not request.wants_json and all(name in OURS for name, _value in _posted(request))


def sent_by_ours(request: Any) -> bool:
    """Whether a browser says that a page of this site made it send this."""
    if request.method != "POST":
        return False
    if request.headers.get("Sec-Fetch-Site"):  # browsers leave it out where a site has no TLS
        return bool(request.headers["Sec-Fetch-Site"] == "same-origin")
    origin = request.headers.get("Origin", "").partition("://")[2]
    return origin in request.registry.settings["pyramid.csrf_trusted_origins"]


def page(request: Any, status: int) -> Any:
    """The page with all that was entered but passwords, which are for one use, and files, which cannot be."""
    request.response.status_int = status
    request.override_renderer = PAGE
    fields = _fields(request)
    written = [_readable(name, value, dict(fields)) for name, value in fields]
    return {
        "action": request.path_qs,
        "fields": fields,
        "written": [text for text in written if len(text) >= WORTH_SHOWING],
        "files": [value.filename for _name, value in _posted(request) if getattr(value, "filename", None)],
        "status": status,
    }


def _posted(request: Any) -> list[tuple[str, Any]]:
    """What was sent; nothing where it cannot be taken apart: what is answered now is another fault."""
    try:
        return list(request.POST.items())
    except (LlmioError, UnicodeDecodeError):
        return []


def _fields(request: Any) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in _posted(request)
        if isinstance(value, str) and name not in OURS and "password" not in name
    ]


def _readable(name: str, value: str, fields: dict[str, str]) -> str:
    """A value as one reads it; of a rich text its words."""
    return richtext.plain(value, "html") if fields.get(f"{name}_format") == "html" else value.strip()
