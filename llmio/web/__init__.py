"""The web: assembles features and plugins into one WSGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.config import Configurator
from pyramid.csrf import SessionCSRFStoragePolicy

from llmio import boot
from llmio.core import collector
from llmio.core.permissions import Permission
from llmio.core.urls import site_url
from llmio.groups import handle_route
from llmio.web import sessions
from llmio.web.old_links import group_route
from llmio.web.security import SecurityPolicy

if TYPE_CHECKING:
    from llmio.core.app import App

PARTS = (
    "llmio.web.metrics",
    "llmio.web.transactions",
    "llmio.web.request",
    "llmio.web.limits",
    "llmio.web.derivers",
    "llmio.web.templating",
    "llmio.web.plugins",
    "llmio.web.errors",
    "llmio.web.health",
    "llmio.web.csp_reports",
    "llmio.web.collab",
    "llmio.web.live",
    "llmio.web.old_links",
    "llmio.web.pages",
    "llmio.web.theme",
)


def configurator(app: App) -> Configurator:
    """A configurator with core, features and their views, not yet with plugins."""
    settings = app.settings
    config = Configurator(
        settings={
            "tm.commit_veto": "pyramid_tm.default_commit_veto",
            "retry.attempts": 3,
            # Where the proxy in front names another host than the browser did.
            "pyramid.csrf_trusted_origins": [site_url(settings).partition("://")[2]],
        }
    )
    config.registry["app"] = app
    config.set_security_policy(SecurityPolicy())
    config.set_default_permission(Permission.SIGNED_IN)
    config.set_default_csrf_options(require_csrf=True)
    config.set_csrf_storage_policy(SessionCSRFStoragePolicy())
    config.set_session_factory(sessions.factory_for(settings, secret_of(app)))
    for part in PARTS:
        config.include(part)
    for feature in boot.FEATURES:
        config.include(feature)
    config.include(group_route)
    config.include(handle_route)
    return config


def secret_of(app: App) -> str:
    """What cookies are signed with; Unavailable where production has none."""
    from llmio.core.errors import Unavailable  # noqa: PLC0415  # only for the message

    secret = app.settings.text("security.secret")
    if len(secret) >= 32:
        return secret
    if app.settings["llmio.env"] == "production":
        raise Unavailable(
            "SECRET_COOKIE_TOKEN must be set and have at least 32 characters; `openssl rand -hex 32` makes one"
        )
    return (secret or "development") * 8


@collector.resting()
def assemble(app: App, *, warm: bool = False) -> Any:
    """The WSGI application; `warm` compiles the templates now rather than when they are first needed."""
    from llmio.web import templating  # noqa: PLC0415  # slow
    from llmio.web.last import LastWord  # noqa: PLC0415  # slow
    from llmio.web.plugins import with_plugins  # noqa: PLC0415  # imports this module
    from llmio.web.secure import SeeScheme  # noqa: PLC0415  # slow
    from llmio.web.static import serve_static  # noqa: PLC0415  # slow

    router = with_plugins(app, configurator)
    if warm:
        templating.warm(router.registry["templates"])
    made = SeeScheme(app, serve_static(app, LastWord(router)))

    def renew() -> None:
        """Requests under way end with the pages that they began with."""
        made.application = serve_static(app, LastWord(with_plugins(app, configurator)))

    app.renewed.append(renew)
    return made
