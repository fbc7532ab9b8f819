"""Static files: before the application, compressed beforehand, kept by browsers for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whitenoise import WhiteNoise

from llmio.web.derivers import BY_HTTPS_ALONE
from llmio.web.templating import STATIC

if TYPE_CHECKING:
    from llmio.core.app import App


def serve_static(app: App, wsgi: Any) -> Any:
    """Serve /static; files under dist carry a hash in their name and never change."""
    by_https_alone = app.settings.on("site.ssl")

    def add_headers(headers: Any, _path: str, _url: str) -> None:
        """Logos in mails are shown by programs elsewhere, too."""
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if by_https_alone:
            headers["Strict-Transport-Security"] = BY_HTTPS_ALONE

    development = app.settings["llmio.env"] == "development"
    return WhiteNoise(
        wsgi,
        root=str(STATIC) if STATIC.exists() else None,
        prefix="static/",
        autorefresh=development,
        add_headers_function=add_headers,
        immutable_file_test=lambda path, url: url.startswith("/static/dist/") and "-" in url.rsplit("/", 1)[-1],
    )
