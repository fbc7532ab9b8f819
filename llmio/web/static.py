"""Static files: before the application, compressed beforehand, kept by browsers for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whitenoise import WhiteNoise

from llmio.web.templating import STATIC

if TYPE_CHECKING:
    from llmio.core.app import App


def serve_static(app: App, wsgi: Any) -> Any:
    """Serve /static; files under dist carry a hash in their name and never change."""
    development = app.settings["llmio.env"] == "development"
    return WhiteNoise(
        wsgi,
        root=str(STATIC) if STATIC.exists() else None,
        prefix="static/",
        autorefresh=development,
        immutable_file_test=lambda path, url: url.startswith("/static/dist/") and "-" in url.rsplit("/", 1)[-1],
    )
