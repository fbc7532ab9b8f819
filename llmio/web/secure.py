"""Requests by https, told by the proxy in front and wanted of everybody where FORCE_SSL is set; and for this site alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.request import Request
from pyramid.response import Response
from webob.request import DisconnectionError

from llmio.web import hosts
from llmio.web.derivers import ON_ALL
from llmio.web.limits import is_private

if TYPE_CHECKING:
    from llmio.core.app import App

BY_MACHINES = (
    "up",
    "health",
    "metrics",
    "received_emails",
    "email_processor",
    "rails/action_mailbox",
    "api/hocuspocus",
)
"""Doors of programs in the same network, which do not follow to another address, and may know the site by another name."""


class SeeScheme:
    """Around the application: requests have the scheme by which the browser came."""

    def __init__(self, app: App, application: Any) -> None:
        self._app = app
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """See the scheme; lead to https where everybody must come by it; refuse what is asked of other hosts.

        Here, too, a process begins to follow the switches: at its first request it has been forked for certain.
        """
        self._app.follower.begin("web")
        settings = self._app.settings
        environ["PATH_INFO"] = _readable(environ.get("PATH_INFO", ""))
        if settings.on("site.assume_ssl"):
            environ["wsgi.url_scheme"] = "https"
        elif is_private(str(environ.get("REMOTE_ADDR") or "")):
            named = environ.get("HTTP_X_FORWARDED_PROTO", "").split(",")[-1].strip().lower()
            environ["wsgi.url_scheme"] = named if named in ("http", "https") else environ["wsgi.url_scheme"]
        if _by_machine(environ.get("PATH_INFO", "")):
            return self._answer(environ, start_response)
        if environ["wsgi.url_scheme"] == "http" and settings.on("site.ssl"):
            return _guarded(_by_https(self._app, environ))(environ, start_response)
        refused = hosts.refuse(settings, environ)
        return (_guarded(refused) if refused else self._answer)(environ, start_response)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        """What comes is read before any view is asked: where it breaks off, no page can say so."""
        try:
            return self.application(environ, start_response)
        except DisconnectionError:
            words = "The connection broke off before everything had come.\n"
            answer = Response(words, status=400, content_type="text/plain", charset="utf-8")
            return _guarded(answer)(environ, start_response)


def _readable(path: str) -> str:
    """A path as WSGI has it, whose bytes are UTF-8 for certain: no address of ours holds others, so the rest finds nothing."""
    return path.encode("latin-1").decode("utf-8", "replace").encode().decode("latin-1")


def _guarded(answer: Response) -> Response:
    """An answer that no view gave, with the headers that all have."""
    answer.headers.update({**ON_ALL, "Cross-Origin-Resource-Policy": "same-origin"})
    return answer


def _by_machine(path: str) -> bool:
    return any(path == f"/{door}" or path.startswith(f"/{door}/") for door in BY_MACHINES)


def _by_https(app: App, environ: dict[str, Any]) -> Response:
    """To our own host, never to one that the request names: it may have been made up."""
    host = app.settings.text("site.host")
    port = app.settings["site.port"]
    request = Request(environ)
    place = f"https://{host}{f':{port}' if port and port not in (80, 443) else ''}{request.path_qs}"
    status = 301 if request.method in ("GET", "HEAD") else 308
    return Response(status=status, headers={"Location": place}, content_type="text/plain", body=b"")
