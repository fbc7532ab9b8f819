"""What every request can do beyond Pyramid's own."""

from __future__ import annotations

import re
import string
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from pyramid.events import BeforeTraversal
from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.renderers import render
from pyramid.response import Response

from llmio.core import i18n
from llmio.core.app import App
from llmio.core.context import Context
from llmio.core.errors import Invalid
from llmio.core.urls import absolute
from llmio.web.security import load_identity

TURBO = "text/vnd.turbo-stream.html"
LEADS_AWAY = re.compile(r"^//|[\x00-\x1f\x7f\\]")
"""What makes a path an address elsewhere: browsers drop tabs and line breaks, and take a backslash for a slash."""

NUMBERS = frozenset({"id", "event", "event_id", "sequence_id", "delivery"})
"""Parts of addresses that are numbers of records."""
LONGEST_NUMBER = 18
"""Digits that fit a bigint for sure."""


def includeme(config: Any) -> None:
    """Request methods and properties."""
    config.add_subscriber(know_numbers, BeforeTraversal)
    config.add_request_method(app, property=True)
    config.add_request_method(load_identity, "identity_once", reify=True)
    config.add_request_method(ctx, reify=True)
    config.add_request_method(turbo, property=True)
    config.add_request_method(flash)
    config.add_request_method(see_other)
    config.add_request_method(refused)
    config.add_request_method(link)
    config.add_request_method(render_stream)
    config.add_request_method(wants_json, property=True)
    config.add_request_method(here, property=True)


def know_numbers(event: Any) -> None:
    """No record has a number that the database cannot hold: 404 before anything looks for one."""
    for name, value in (event.request.matchdict or {}).items():
        if name in NUMBERS and len(value) > LONGEST_NUMBER and value.isdecimal():
            raise HTTPNotFound


def app(request: Any) -> App:
    """The App of this process."""
    return request.registry["app"]


def ctx(request: Any) -> Context:
    """The Context that services take."""
    identity = request.identity_once
    i18n.current.set(identity.locale if identity else i18n.DEFAULT)
    made = Context(request.app, request.dbsession, request.tm, identity)
    request.add_finished_callback(forget)
    return made


def forget(request: Any) -> None:
    """Let go of what was looked up for a request. It and its environment name each other, so that all they hold would wait for
    the garbage collector: some thousand objects for somebody in two hundred groups, a tenth of a second at a time.
    """
    request.ctx.memo.clear()
    request.environ.pop("llmio.nav", None)


def turbo(request: Any) -> bool:
    """Whether the client takes Turbo streams."""
    return TURBO in request.headers.get("Accept", "")


def wants_json(request: Any) -> bool:
    """Whether the client asks for JSON rather than a page."""
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/html" not in accept


def here(request: Any) -> str:
    """The path of this page, for marking the current link."""
    return request.path


def flash(request: Any, kind: str, message: object, undo: tuple[object, str, dict[str, str]] | None = None) -> None:
    """Keep a message for the next page; kind is `success`, `info`, `warning` or `danger`.

    `undo` is a button beside it: its words, where its form goes, and the hidden fields of that.
    """
    words = [str(undo[0]), undo[1], undo[2]] if undo else None
    request.session.flash([kind, str(message), words])


def refused(request: Any, fault: Invalid) -> None:
    """Answer with the form as it was filled, and with the fault's status; programs are told in JSON instead."""
    if request.wants_json:
        raise fault
    request.response.status_int = fault.status
    if fault.retry_after is not None:
        request.response.headers["Retry-After"] = str(fault.retry_after)


def see_other(request: Any, route: str, /, **how: Any) -> HTTPSeeOther:
    """303 to a route (with its parts, `_query`, `_anchor`) or to a path on this site."""
    if route.startswith("/"):
        return HTTPSeeOther("/" if LEADS_AWAY.search(route) else quote(route, safe=string.punctuation))
    return HTTPSeeOther(request.route_path(route, **how))


def link(request: Any, route: str, /, **how: Any) -> str:
    """A route (or path) as an address to hand on, by the name of the site, whatever name this request came by."""
    path = route if route.startswith("/") else request.route_path(route, **how)
    return absolute(request.app.settings, path)


def render_stream(request: Any, parts: list[tuple[str, str, str, dict[str, Any]]]) -> Response:
    """A Turbo stream of (action, target, template, values); template "" for actions without content.

    A target is an id, or a dot and the class of all that are meant; these are changed where they differ, and keep the focus.
    """
    streams = []
    for action, target, template, values in parts:
        inner = Markup(render(template, values, request)) if template else ""  # noqa: S704  # our own template
        streams.append(
            Markup('<turbo-stream action="{}" {}="{}"><template>{}</template></turbo-stream>').format(
                action, "method=morph targets" if target.startswith(".") else "target", target, inner
            )
        )
    return Response("\n".join(streams), content_type=TURBO, charset="utf-8")
