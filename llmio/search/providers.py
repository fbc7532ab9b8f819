"""The search provider that the operator chose, opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core.errors import Unavailable
from llmio.core.i18n import _
from llmio.plugins.guard import guard

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.plugins import SearchProvider

OPENED = "search.opened"


def provider(app: App) -> SearchProvider:
    """The provider in use; raises Unavailable where there is none of that name, or where it cannot be opened."""
    key = app.settings.text("search.provider")
    found = app.plugins.search_providers.get(key)
    if found is None:
        raise Unavailable(_("Search is not available: there is no search provider named {key}.", key=key))
    opened = app.extras.setdefault(OPENED, {})
    if key not in opened:
        settings = {**app.plugins.settings_of(app.plugins.owner(found)), "data": app.settings.text("llmio.data")}
        if not guard(app.plugins, found, f"search_providers.{key}.open", _open, found, settings, fallback=False):
            raise Unavailable(_("Search does not work at the moment."))
        opened[key] = found
    return found


def _open(found: SearchProvider, settings: dict[str, object]) -> bool:
    found.open(settings)
    return True
