"""Search over what the actor may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.core.settings import Setting

if TYPE_CHECKING:
    from llmio.core.app import App

SETTINGS = (
    Setting("search.provider", "LLMIO_SEARCH_PROVIDER", default="postgres", help="Key of the search provider in use."),
)


def register(app: App) -> None:
    """Give the App the jobs that keep the index current."""
    from llmio.search import documents, jobs  # noqa: PLC0415  # slow

    app.add_jobs(jobs.index, jobs.reindex, *jobs.BULK.values())
    app.add_observer(jobs.index, "User", *documents.TYPES)


def includeme(config: Any) -> None:
    """Routes and views."""
    config.add_route("search.show", "/search")
    config.add_route("search.item", "/search/{type:Stance|Outcome}/{id:\\d{1,9}}")
    config.add_route("search.api", "/api/v1/search")
    config.scan("llmio.search.views")
    config.scan("llmio.search.api")
