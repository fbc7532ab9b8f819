"""What a browser keeps of us: a signed cookie with the id of the session, what a form needs, and what to tell next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.session import JSONSerializer, SignedCookieSessionFactory

if TYPE_CHECKING:
    from llmio.core.settings import Settings

COOKIE = "llmio_session"
YEAR, DAY = 365 * 86400, 86400
TO_TELL = "_f_"
"""Where Pyramid keeps what the next page tells."""


def factory_for(settings: Settings, secret: str) -> Any:
    """The session factory. What came by https is kept from http, also where the operator leaves people the choice."""
    always = settings.on("site.ssl") or settings.on("site.assume_ssl")
    kinds = {secure: _kind(secret, secure=secure) for secure in (False, True)}

    def session(request: Any) -> Any:
        return kinds[always or request.scheme == "https"](request)

    return session


def _kind(secret: str, *, secure: bool) -> Any:
    """Sessions with such cookies. What no longer fits into a cookie gives way: the oldest message first."""
    base: Any = SignedCookieSessionFactory(
        secret,
        serializer=JSONSerializer(),
        cookie_name=COOKIE,
        max_age=YEAR,
        timeout=None,
        reissue_time=DAY,
        httponly=True,
        secure=secure,
        samesite="Lax",
    )

    class Session(base):
        """A program that sends forms and looks at no page would pile up messages until the cookie is too large."""

        def _set_cookie(self, response: Any) -> Any:
            while True:
                try:
                    return super()._set_cookie(response)
                except ValueError:  # longer than browsers take
                    if not self._made_room():
                        raise

        def _made_room(self) -> bool:
            messages = dict.get(self, TO_TELL)
            if messages:
                messages.pop(0)
                return True
            asked = dict.get(self, "sign_in")
            if not asked or not asked.get("next"):
                return False
            asked["next"] = None  # the link in the mail knows it, too
            return True

    return Session
