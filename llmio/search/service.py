"""Search: the index kept current, and queries answered with what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from llmio.core.errors import Unavailable
from llmio.core.i18n import _
from llmio.discussions.models import Discussion, DiscussionReader
from llmio.groups import queries as groups
from llmio.notifications.subjects import Subject, describe
from llmio.plugins import Filters, Hit, SearchProvider, Visible
from llmio.plugins.guard import guard, noted
from llmio.polls.models import Poll, Stance
from llmio.search import documents

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


def provider(ctx: Context) -> SearchProvider:
    """The search provider that the operator chose."""
    key = ctx.app.settings.text("search.provider")
    found = ctx.app.plugins.search_providers.get(key)
    if found is None:
        raise Unavailable(_("Search is not available: there is no search provider named {key}.", key=key))
    return found


def index(ctx: Context, record_type: str, record_id: int) -> None:
    """Bring the index up to date with one record and what lies in it."""
    search = provider(ctx)
    connection = ctx.db.connection()
    for kind, condition in documents.related(record_type, record_id):
        ids = list(ctx.db.scalars(select(documents.MODELS[kind].id).where(condition)))
        if kind == record_type and record_id not in ids:
            ids.append(record_id)
        if not ids:
            continue
        current = documents.found(ctx, kind, ids)
        gone = set(ids) - {one.record_id for one in current}
        with noted(ctx.app.plugins, search, f"search_providers.{search.key}.index", now=ctx.now):
            search.remove(connection, kind, sorted(gone))
            search.index(connection, current)


def reindex(ctx: Context) -> int:
    """Build the whole index anew in one transaction: searchers see the old one until it is done."""
    search = provider(ctx)
    connection = ctx.db.connection()
    search.reindex(connection)
    count = 0
    for batch in documents.all_documents(ctx):
        search.index(connection, batch)
        count += len(batch)
    return count


def visible_to(ctx: Context) -> Visible:
    """What the actor may see: own groups, threads as a guest, polls as a guest or of one's own without a group."""
    me = ctx.signed_in()
    group_ids = [group.id for group in groups.groups_of(ctx)]
    guest_threads = select(DiscussionReader.discussion_id).where(
        DiscussionReader.user_id == me.id, DiscussionReader.guest.is_(True), DiscussionReader.revoked_at.is_(None)
    )
    own_threads = select(Discussion.id).where(Discussion.author_id == me.id, Discussion.group_id.is_(None))
    asked = (
        select(Stance.poll_id)
        .join(Stance.poll)
        .where(
            Stance.participant_id == me.id,
            Stance.latest.is_(True),
            Stance.revoked_at.is_(None),
            or_(Stance.guest.is_(True), Poll.group_id.is_(None)),
        )
    )
    own_polls = select(Poll.id).where(Poll.author_id == me.id, Poll.group_id.is_(None))
    return Visible(
        group_ids,
        list(ctx.db.scalars(guest_threads.union(own_threads))),
        list(ctx.db.scalars(asked.union(own_polls))),
    )


def search(ctx: Context, query: str, filters: Filters, *, offset: int = 0) -> Results:
    """Answer a query; a provider that fails is noted, and the person told that search is not available."""
    chosen = provider(ctx)
    allowed = visible_to(ctx)
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
    return Results(_shown(ctx, page.hits), offset, page.more)


def _shown(ctx: Context, hits: Sequence[Hit]) -> list[Found]:
    """The hits with titles, paths and authors; one query per type, and nothing that may not be found (any more)."""
    records: dict[tuple[str, int], Any] = {}
    for kind in {hit.record_type for hit in hits} & set(documents.TYPES):
        ids = [hit.record_id for hit in hits if hit.record_type == kind]
        model = documents.MODELS[kind]
        for record in ctx.db.scalars(documents.SELECTS[kind]().where(model.id.in_(ids))):
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
