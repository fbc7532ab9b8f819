"""Jobs that keep the index current."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core.jobs import job
from llmio.search import service

if TYPE_CHECKING:
    from llmio.core.context import Context


@job("search.index", queue="low")
def index(ctx: Context, record_type: str, record_id: int) -> None:
    """Bring the index up to date with one record and what lies in it."""
    service.index(ctx, record_type, record_id)


@job("search.reindex", queue="low")
def reindex(ctx: Context) -> None:
    """Build the whole index anew."""
    service.reindex(ctx)
