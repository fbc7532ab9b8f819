"""A browser without scripts: WebTest, signed in on request, seeing what the test's session wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import webtest
from pyramid.interfaces import ISessionFactory
from pyramid.request import Request

from llmio.accounts import sessions
from llmio.accounts.models import User
from llmio.core.app import App
from llmio.core.context import Context

COOKIE = "llmio_session"
CSRF_KEY = "_csrft_"


class Browser(webtest.TestApp):
    """`get`, `post` and forms as WebTest has them; `sign_in`, and `send` for a POST with its CSRF token."""

    def __init__(
        self,
        wsgi: Any,
        app: App,
        *,
        before: Callable[[], None] = lambda: None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(wsgi, extra_environ={"REMOTE_ADDR": "127.0.0.1"})
        self._app = app
        self._before, self._after = before, after

    def do_request(self, req: Any, status: Any = None, expect_errors: Any = None) -> Any:
        """One request; the test's session is flushed before and refreshed after."""
        self._before()
        try:
            return super().do_request(req, status, expect_errors)
        finally:
            self._after()

    def sign_in(self, user: User) -> Browser:
        """Open a session for a user, as if they had come through the door."""
        self._before()
        with self._app.begin() as ctx:
            session_id = sessions.open_session(ctx, user, user_agent="WebTest").id
        session = self._session()
        session.clear()
        session["sid"] = session_id
        self._keep(session)
        return self

    def sign_out(self) -> Browser:
        """Forget the cookie."""
        self.reset()
        return self

    @property
    def csrf_token(self) -> str:
        """The token that this browser's POSTs need."""
        session = self._session()
        token = session.get(CSRF_KEY)
        if token is None:
            token = session.new_csrf_token()
            self._keep(session)
        return str(token)

    def send(self, url: str, params: Mapping[str, Any] | list[tuple[str, Any]] = (), **how: Any) -> Any:  # type: ignore[assignment]  # as WebTest has it
        """POST a form with its CSRF token."""
        headers = {"X-CSRF-Token": self.csrf_token, **how.pop("headers", {})}
        return self.post(url, params, headers=headers, **how)

    def _registry(self) -> Any:
        wsgi = self.app
        while not hasattr(wsgi, "registry"):  # middleware around Pyramid's router
            wsgi = getattr(wsgi, "application", None) or wsgi.app
        return wsgi.registry

    def _session(self) -> Any:
        request = Request.blank("/")
        request.registry = self._registry()
        if COOKIE in self.cookies:
            request.cookies[COOKIE] = self.cookies[COOKIE].strip('"')
        return request.registry.getUtility(ISessionFactory)(request)

    def _keep(self, session: Any) -> None:
        response = webtest.TestResponse()
        session._set_cookie(response)  # noqa: SLF001  # the only way to its signed value
        value = response.headers["Set-Cookie"].split(";", 1)[0].split("=", 1)[1]
        for old in [one for one in self.cookiejar if one.name == COOKIE]:
            self.cookiejar.clear(old.domain, old.path, old.name)
        self.set_cookie(COOKIE, value)


def identity_of(actor: Any) -> Any:
    """The identity of a User; an Identity or None as it is."""
    return sessions.identity_of(actor) if isinstance(actor, User) else actor


__all__ = ["Browser", "Context", "identity_of"]
