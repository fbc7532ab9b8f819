"""What browsers report of the content security policy: something that a page was not allowed to load or run.

Two forms of the same: https://www.w3.org/TR/CSP3/#deprecated-serialize-violation and https://www.w3.org/TR/reporting-1/. Who
sends them is anybody, so little is taken of them, and of addresses only what lets nobody in.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from pyramid.response import Response

from llmio.core.measures import measures
from llmio.core.permissions import Permission
from llmio.files.faults import too_large

log = logging.getLogger(__name__)
PATH: Final = "/csp_reports"
MOST_BYTES = 16_384
DIRECTIVES = frozenset(
    f"{kind}-src" for kind in ["default", "script", "style", "img", "media", "font", "connect", "frame", "object", "worker", "manifest", "child"]
) | {"base-uri", "form-action", "frame-ancestors", "script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr"}  # fmt: skip
OTHER = "other"
OF_THE_BROWSER = re.compile(r"[a-z-]*extension\b|about\b|chrome\b|resource\b")
"""Where extensions load things from: none of our doing."""
MOST_TOLD = 200
_told: set[tuple[str, str, str]] = set()


def includeme(config: Any) -> None:
    """The door."""
    config.add_route("csp.reports", PATH, request_method="POST")
    config.add_view(
        take, route_name="csp.reports", request_method="POST", permission=Permission.PUBLIC, require_csrf=False
    )


def take(request: Any) -> Response:
    """Count and log; 204 whatever was in it, since no browser does anything with an answer."""
    if (request.content_length or 0) > MOST_BYTES:
        raise too_large(MOST_BYTES)
    request.limit("csp_reports")
    for report in reports_in(request.body_file_raw.read(min(request.content_length or 0, MOST_BYTES))):
        note(report)
    return Response(status=204)


def reports_in(body: bytes) -> Iterator[dict[str, Any]]:
    """The reports in a body of either form, at most a few."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return
    for one in (given if isinstance(given, list) else [given])[:10]:
        report = one.get("csp-report", one.get("body")) if isinstance(one, dict) else None
        if isinstance(report, dict):
            yield {re.sub("(?<=[a-z])([A-Z])", r"-\1", str(key)).lower(): value for key, value in report.items()}


def note(report: dict[str, Any]) -> None:
    """Count a report by what was refused, and log it the first time that this process hears of it."""
    told = str(report.get("effective-directive") or report.get("violated-directive") or "").split(" ")[0]
    blocked = str(report.get("blocked-uri") or report.get("blocked-url") or "")
    if OF_THE_BROWSER.match(blocked):
        return
    directive = told if told in DIRECTIVES else OTHER
    measures.count("llmio_csp_reports", directive)
    page = _place(str(report.get("document-uri") or report.get("document-url") or ""))
    what = (directive, _origin(blocked), page)
    if what not in _told and len(_told) < MOST_TOLD:
        _told.add(what)
        log.warning("a browser refused %s from %s on a page below %s", *what)


def _origin(address: str) -> str:
    """Scheme and host of what was refused, or its kind (`inline`, `eval`, `data`)."""
    try:
        parts = urlsplit(address)
        found = f"{parts.scheme}://{parts.hostname}" if parts.hostname else parts.scheme or parts.path
    except ValueError:
        found = ""
    return _plain(found)


def _place(address: str) -> str:
    """The first part of the page's path: what follows may let somebody in."""
    try:
        return "/" + _plain(urlsplit(address).path.split("/")[1])
    except (ValueError, IndexError):
        return "/"


def _plain(text: str) -> str:
    return re.sub(r"[^\w.:/-]", "", text, flags=re.ASCII)[:80]
