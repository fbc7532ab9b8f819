"""Search: queries answered with what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from llmio.core.errors import Unavailable
from llmio.core.i18n import _
from llmio.notifications.subjects import Subject, describe
from llmio.plugins import Filters, Hit, Visible
from llmio.plugins.guard import guard
from llmio.search import documents, visibility
from llmio.search.providers import provider

if TYPE_CHECKING:
    from llmio.core.context import Context

PAGE = 20


@dataclass(frozen=True)
class Found:
    """One result as the page shows it; `highlight` is safe HTML."""

    record_type: str
    title: str
    path: str
    highlight: str
    author: Any
    group_name: str
    at: datetime | None


@dataclass(frozen=True)
class Results:
    """Results from `offset` on; `more` says that there are further ones."""

    found: Sequence[Found]
    offset: int = 0
    more: bool = False


def search(ctx: Context, query: str, filters: Filters, *, offset: int = 0) -> Results:
    """Answer a query; a provider that fails is noted, and the person told that search is not available."""
    chosen = provider(ctx.app)
    allowed = visibility.visible_to(ctx)
    with ctx.db.begin_nested():
        page = guard(
            ctx.app.plugins,
            chosen,
            f"search_providers.{chosen.key}.search",
            chosen.search,
            ctx.db.connection(),
            query,
            filters,
            allowed,
            offset=offset,
            limit=PAGE,
            fallback=None,
        )
    if page is None:
        raise Unavailable(_("Search does not work at the moment."))
    return Results(_shown(ctx, page.hits, allowed), offset, page.more)


def _shown(ctx: Context, hits: Sequence[Hit], allowed: Visible) -> list[Found]:
    """The hits with titles, paths and authors; one query per type, and nothing that may not be found (any more)."""
    records: dict[tuple[str, int], Any] = {}
    for kind in {hit.record_type for hit in hits} & set(documents.TYPES):
        ids = [hit.record_id for hit in hits if hit.record_type == kind]
        for record in documents.records(ctx, kind, ids):
            if allowed.includes(kind, *documents.place_of(record)):
                records[kind, record.id] = record
    shown = []
    for hit in hits:
        record = records.get((hit.record_type, hit.record_id))
        subject = describe(ctx, record) if record is not None else None
        if subject is not None:
            shown.append(_found(hit, record, subject))
    return shown


def _found(hit: Hit, record: Any, subject: Subject) -> Found:
    anonymous = hit.record_type == "Stance" and subject.poll is not None and subject.poll.anonymous
    author = getattr(record, "author", None) or getattr(record, "user", None) or getattr(record, "participant", None)
    return Found(
        hit.record_type,
        subject.title,
        subject.path,
        hit.highlight,
        None if anonymous else author,
        (subject.group.name or "") if subject.group else "",
        getattr(record, "cast_at", None) or record.created_at,
    )
