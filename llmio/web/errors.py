"""What a person sees when something cannot be done."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from psycopg.errors import ConnectionTimeout
from pyramid.exceptions import BadCSRFToken
from pyramid.httpexceptions import (
    HTTPException,
    HTTPForbidden,
    HTTPMethodNotAllowed,
    HTTPMovedPermanently,
    HTTPNotFound,
    HTTPSeeOther,
)
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError, TimeoutError  # noqa: A004  # of its pool
from webob.request import DisconnectionError

from llmio.core.errors import Conflict, Invalid, LlmioError, SignInNeeded, TooMany
from llmio.core.i18n import _
from llmio.core.patience import NoAnswer
from llmio.core.urls import path_in, safe_path
from llmio.web import kept
from llmio.web.derivers import methods_of

log = logging.getLogger(__name__)
LARGEST = str(2**31 - 1)
LONG = len(LARGEST)
SOON = "5"
"""Seconds, as the header says it."""
PAGE = "llmio:web/templates/errors/error.jinja2"

TEXTS: dict[int, tuple[object, object]] = {
    400: (_("That did not work"), _("The request could not be understood.")),
    403: (_("Not for you"), _("You may not see or do this. If you think you should, ask an admin of the group.")),
    404: (_("Nothing here"), _("This page does not exist, or it is not for you to see.")),
    405: (_("That did not work"), _("This page cannot be used in that way.")),
    409: (_("Someone was faster"), _("This changed meanwhile. Please look again.")),
    413: (_("Too large"), _("What you sent is too large.")),
    422: (_("Please check what you entered"), _("Something is missing or cannot be taken.")),
    429: (_("A little slower, please"), _("That was too often. Please wait a moment and try again.")),
    500: (_("Something went wrong"), _("This is our fault, and it was noted. Please try again.")),
    503: (_("Not available now"), _("A part of the site does not answer. Please try again in a moment.")),
}
UNKNOWN = _("Whether what you sent was saved is not known. Please look before you send it again.")
"""Where the database went silent just when it was to keep it."""


def includeme(config: Any) -> None:
    """Exception views: the house's tree, Pyramid's, and everything else."""
    config.add_exception_view(told, context=LlmioError, renderer=PAGE)
    config.add_exception_view(http, context=HTTPException, renderer=PAGE)
    config.add_exception_view(stale_form, context=BadCSRFToken, renderer=PAGE)
    config.add_exception_view(broken_off, context=DisconnectionError, renderer=PAGE)
    config.add_exception_view(garbled, context=UnicodeDecodeError, renderer=PAGE)
    config.add_exception_view(unwritable, context=DataError, renderer=PAGE)
    config.add_exception_view(broken, context=Exception, renderer=PAGE)
    config.add_notfound_view(missing, renderer=PAGE)
    config.add_forbidden_view(forbidden, renderer=PAGE)


def page(request: Any, status: int, message: object = "", errors: Any = None) -> Any:
    """An error page, or the same as JSON."""
    title, text = TEXTS.get(status, TEXTS[500 if status >= 500 else 400])
    request.response.status_int = status
    if request.wants_json:
        request.override_renderer = "json"
        fields = {key: [str(one) for one in texts] for key, texts in (errors or {}).items()}
        return {"error": str(message or text), "errors": fields}
    # A fault of the whole is the message.
    problems = {key: texts for key, texts in (errors or {}).items() if key or not message}
    return {"status": status, "title": title, "message": message or text, "problems": problems, "back": _back(request)}


def _back(request: Any) -> str | None:
    """The page whose button was pressed, if it is one of ours."""
    return path_in(request.referer) if kept.sent_by_ours(request) else None


def told(error: LlmioError, request: Any) -> Any:
    """An error that says what to do; of a mere button, on the page where it was pressed."""
    if isinstance(error, SignInNeeded):
        return ask_to_sign_in(request)
    if isinstance(error, TooMany | Invalid) and error.retry_after is not None:
        request.response.headers["Retry-After"] = str(error.retry_after)
    elif isinstance(error, Invalid | Conflict) and kept.is_bare(request) and (back := _back(request)):
        _begin_afresh(request)
        request.flash("danger", error.message)
        return HTTPSeeOther(back)
    return page(request, error.status, error.message, error.errors if isinstance(error, Invalid) else None)


def http(error: HTTPException, request: Any) -> Any:
    """Pyramid's own: redirects pass, faults get our page."""
    if error.status_int < 400:
        return error
    if error.status_int == HTTPMethodNotAllowed.code:
        request.response.allow = methods_of(request)
    return page(request, error.status_int)


def missing(request: Any) -> Any:
    """No such page; or one whose address ends in a stroke that it does not have here, as the reference bears it."""
    plain = safe_path(request.path.rstrip("/"))
    if request.method in ("GET", "HEAD") and plain and request.path.endswith("/"):
        query = f"?{request.query_string}" if request.query_string else ""
        return HTTPMovedPermanently(f"{plain}{query}")
    return page(request, HTTPNotFound.code)


def forbidden(request: Any) -> Any:
    """Not for the actor; who is not signed in is asked to, and brought back."""
    if request.identity_once is None:
        return ask_to_sign_in(request)
    return page(request, HTTPForbidden.code)


def stale_form(error: Any, request: Any) -> Any:
    """The form was opened in another session, or long ago: it can be sent again."""
    if kept.may_be_kept(request):
        return kept.page(request, 400)
    return page(request, 400, _("This form is too old to be sent. Please go back, reload the page and try again."))


def broken_off(_error: DisconnectionError, request: Any) -> Any:
    """The form did not come whole; hardly anybody is there to be told, and it is no fault of ours."""
    return page(request, 400, _("The connection broke off before everything had come. Please try again."))


def garbled(error: UnicodeDecodeError, request: Any) -> Any:
    """The address or the form holds bytes that are no text; where it holds text, the fault is ours."""
    try:
        _parts = request.GET, request.POST
    except UnicodeDecodeError:
        request.environ["QUERY_STRING"] = ""  # the page's own search field reads it, too
        return page(request, 400)
    return broken(error, request)


def unwritable(error: DataError, request: Any) -> Any:
    """The database cannot hold a value: a NUL or a huge number that was sent along is the sender's fault, all else is ours."""
    _begin_afresh(request)
    if any(_too_large(value) for value in request.matchdict.values()):
        return page(request, 404)
    values = (*request.GET.values(), *request.POST.values(), *request.matchdict.values())
    if any("\0" in value or _too_large(value) for value in values if isinstance(value, str)):
        return page(request, 400)
    return broken(error, request)


def _too_large(value: Any) -> bool:
    """Whether it is a number that no record can have."""
    return (
        isinstance(value, str) and value.isdecimal() and (len(value) > LONG or (len(value) == LONG and value > LARGEST))
    )


def _begin_afresh(request: Any) -> None:
    """Give up what was begun. After an error of the database nothing can be read in its transaction; the page about it reads, too."""
    if request.environ.get("tm.active"):
        request.tm.abort()
        request.tm.begin()


def broken(error: Exception, request: Any) -> Any:
    """A fault of ours: logged with its traceback, never shown. That the database is silent is said once, by the last word."""
    if is_silent(error):
        raise error
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    if isinstance(error, SQLAlchemyError):
        _begin_afresh(request)
    if is_away(error):
        request.response.headers["Retry-After"] = SOON
        return page(request, 503)
    return page(request, 500)


def is_away(error: BaseException) -> bool:
    """Whether the database does not answer, which passes by itself: it starts again, is broken off, or all ask it at once."""
    return isinstance(error, (OperationalError, InterfaceError, TimeoutError)) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )


def is_silent(error: BaseException) -> bool:
    """Whether the database said nothing at all: no page can be made, since each asks it."""
    return isinstance(getattr(error, "orig", None), (NoAnswer, ConnectionTimeout))


def ask_to_sign_in(request: Any) -> Any:
    """Lead to the sign-in form (or 401 for programs)."""
    if request.wants_json:
        return page(request, 401, _("Please sign in first."))
    if kept.may_be_kept(request):
        return kept.page(request, 401)
    back = {"next": request.path_qs} if request.method == "GET" and request.path != "/" else {}
    query = f"?{urlencode(back)}" if back else ""
    return HTTPSeeOther(f"/sign_in{query}")
