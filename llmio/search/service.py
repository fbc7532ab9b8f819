"""Search: queries answered with what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmio.core.errors import Unavailable
from llmio.core.i18n import _
from llmio.plugins import Filters, Hit, Page
from llmio.plugins.guard import guard
from llmio.search import results, visibility
from llmio.search.providers import provider
from llmio.search.results import Found

if TYPE_CHECKING:
    from llmio.core.context import Context

PAGE = 20


@dataclass(frozen=True)
class Results:
    """Results from `offset` on; `more` says that there are further ones, `corrected` what was looked for instead."""

    found: Sequence[Found]
    offset: int = 0
    more: bool = False
    corrected: str = ""


def search(ctx: Context, query: str, filters: Filters, *, offset: int = 0) -> Results:
    """Answer a query; a provider that fails is noted, and the person told that search is not available."""
    chosen = provider(ctx.app)
    allowed = visibility.visible_to(ctx)
    connection = ctx.db.connection()

    def asked() -> Page:
        with connection.begin_nested():  # within the guard: what fails there spoils nothing beyond it
            return chosen.search(connection, query, filters, allowed, offset=offset, limit=PAGE)

    page = guard(
        ctx.app.plugins,
        chosen,
        f"search_providers.{chosen.key}.search",
        asked,
        fallback=None,
        gives=lambda given: isinstance(given, Page) and all(isinstance(one, Hit) for one in given.hits),
    )
    if page is None:
        raise Unavailable(_("Search does not work at the moment."))
    return Results(results.shown(ctx, page.hits, allowed), offset, page.more, page.corrected)
