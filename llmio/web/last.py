"""The last word: an answer where no page can be made, since each asks the database who is there."""

from __future__ import annotations

import logging
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from webob.request import DisconnectionError

from llmio.core.patience import patient
from llmio.web.errors import SOON, TEXTS, UNKNOWN, is_away
from llmio.web.request import wants_json

log = logging.getLogger(__name__)
PAGE = "llmio:web/templates/errors/last.jinja2"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class LastWord:
    """Around Pyramid's router: whatever it raises is answered."""

    def __init__(self, router: Any) -> None:
        self.application, self.registry = router, router.registry

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Ask the router; the database may let people wait, but not for ever."""
        with patient(self.registry["app"].settings["database.seconds"]) as patience:
            try:
                return self.application(environ, start_response)
            except DisconnectionError:
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is: an empty answer helps nobody
                answer = self._told(error, Request(environ), unknown=patience.unknown)
                return answer(environ, start_response)

    def _told(self, error: Exception, request: Request, *, unknown: bool) -> Response:
        away = is_away(error)
        if away:
            words = str(getattr(error, "orig", error)).strip().split("\n")[-1]
            log.warning("%s %s: the database does not answer: %s", request.method, request.path, words)
        else:
            log.error("%s %s failed, and so did the page about it", request.method, request.path, exc_info=error)
        status = 503 if away else 500
        title, text = (TEXTS[503][0], UNKNOWN) if unknown else TEXTS[status]
        response = Response(status=status, charset="utf-8", headers=HEADERS | ({"Retry-After": SOON} if away else {}))
        if wants_json(request):
            response.content_type, response.json = "application/json", {"error": str(text), "errors": {}}
        else:
            page = self.registry["templates"].get_template(PAGE)
            response.content_type, response.text = "text/html", page.render(title=str(title), message=str(text))
        return response
