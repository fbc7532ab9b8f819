"""Rules that hold for every view: methods, CSRF before permission, security headers."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from pyramid.events import NewResponse
from pyramid.httpexceptions import HTTPMethodNotAllowed
from pyramid.interfaces import IRoutesMapper
from pyramid.viewderivers import INGRESS, csrf_view

from llmio.web import csp_reports
from llmio.web.bodies import Request, fitting

ON_ALL = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
BY_HTTPS_ALONE = "max-age=31536000; includeSubDomains"
READING = ("GET", "HEAD")
REPORTS = "csp"
"""The group of reports."""


def includeme(config: Any) -> None:
    """Add the derivers and the headers."""
    config.add_view_deriver(csrf_view, "csrf_view", under=INGRESS, over="secured_view")
    config.add_view_deriver(only_reading, under=INGRESS, over="csrf_view")
    config.add_view_deriver(fitting, under=INGRESS, over="only_reading")
    config.set_request_factory(Request)
    config.add_request_method(csp_nonce, reify=True)
    config.add_subscriber(add_headers, NewResponse)


def only_reading(view: Any, info: Any) -> Any:
    """A view that names no method answers GET and HEAD alone."""
    if info.options.get("request_method") or info.exception_only:
        return view

    def reading(context: Any, request: Any) -> Any:
        if request.method not in READING and request.exception is None:
            raise HTTPMethodNotAllowed
        return view(context, request)

    return reading


def methods_of(request: Any) -> list[str]:
    """What the address that was asked for answers to; several routes may have it, each for one method."""
    routes = request.registry.getUtility(IRoutesMapper).get_routes()
    names = {route.name for route in routes if route.match(request.path_info) is not None}
    views = (one["introspectable"] for one in request.registry.introspector.get_category("views") or ())
    asked = [view["request_methods"] for view in views if view["route_name"] in names]
    return sorted({method for given in asked or [READING] for method in _named(given)})


def _named(given: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Of a view that names no method, GET and HEAD; GET stands for HEAD, too."""
    named = (given,) if isinstance(given, str) else given or READING
    return (*named, "HEAD") if "GET" in named else named


def csp_nonce(request: Any) -> str:
    """The nonce of this response."""
    return secrets.token_urlsafe(12)


def add_headers(event: Any) -> None:
    """Security headers, unless the view set its own."""
    request, headers = event.request, event.response.headers
    for name, value in ON_ALL.items():
        headers.setdefault(name, value)
    # Pictures that are open to all may be shown by a program that reads mail; private ones say otherwise for themselves.
    picture = str(event.response.content_type).startswith("image/")
    headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if picture else "same-origin")
    if event.response.content_type == "text/html":
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Content-Security-Policy", content_security_policy(request))
        headers.setdefault("Reporting-Endpoints", f'{REPORTS}="{csp_reports.PATH}"')
        headers.setdefault("Cache-Control", "no-store, private")
    if request.app.settings.on("site.ssl"):
        headers.setdefault("Strict-Transport-Security", BY_HTTPS_ALONE)


def content_security_policy(request: Any) -> str:
    """The policy: our own scripts and styles; the hosts of live channel and writing together for connections."""
    settings = request.app.settings
    beside = (urlsplit(settings.text(key)).netloc for key in ("channels.url", "hocuspocus.url"))
    hosts = "".join(f" ws://{host} wss://{host} http://{host} https://{host}" for host in beside if host)
    return (
        f"default-src 'self'; script-src 'self' 'nonce-{request.csp_nonce}'; style-src 'self'; "
        f"img-src 'self' data: blob: https:; media-src 'self' blob: https:; font-src 'self' data:; "
        f"connect-src 'self'{hosts}; frame-src 'self' https://www.youtube-nocookie.com https://www.youtube.com "
        "https://player.vimeo.com https://www.loom.com; object-src 'none'; base-uri 'self'; form-action 'self'; "
        f"frame-ancestors 'self'; report-uri {csp_reports.PATH}; report-to {REPORTS}"
    )
