"""The index kept current: with one record, with all of an author, thread or poll, and built anew while people search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from llmio.plugins.guard import noted
from llmio.search import documents
from llmio.search.providers import provider

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.plugins import SearchProvider

# Two that write the same document would each remove the old row and add one. Locks are taken in ascending order of type
# and id by all who write, so that none waits for another who waits for it.
LOCK = text(
    "SELECT count(pg_advisory_xact_lock(:space, id)) FROM (SELECT id FROM unnest(CAST(:ids AS int[])) AS id ORDER BY id) AS ids"
)
SPACES = {kind: 0x5EA0 + number for number, kind in enumerate(documents.TYPES)}


def refresh(ctx: Context, record_type: str, ids: Sequence[int], *, search: SearchProvider | None = None) -> int:
    """Bring the documents of some records of a type up to date; how many of them may be found.

    At most `documents.BATCH` at a time: each takes a lock until the transaction ends, and a server has a few thousand.
    """
    if not ids:
        return 0
    search = search or provider(ctx.app)
    ctx.db.execute(LOCK, {"space": SPACES[record_type], "ids": list(ids)})
    current = documents.found(ctx, record_type, ids)
    gone = set(ids) - {one.record_id for one in current}
    with noted(ctx.app.plugins, search, f"search_providers.{search.key}.index", now=ctx.now):
        search.remove(ctx.db.connection(), record_type, sorted(gone))
        search.index(ctx.db.connection(), current)
    return len(current)


def refresh_scope(
    ctx: Context, scope: str, scope_id: int, kind: str | None = None, after: int = 0
) -> tuple[str, int] | None:
    """Bring a stretch of an author's, a thread's or a poll's documents up to date; where to go on, None at the end."""
    conditions: dict[str, Any] = documents.SCOPES[scope](scope_id)
    kinds = list(conditions)
    position = kinds.index(kind) if kind in conditions else 0
    room = documents.BATCH
    while position < len(kinds) and room > 0:
        current = kinds[position]
        ids = documents.ids_after(ctx, current, after, conditions[current], limit=room)
        refresh(ctx, current, ids)
        if len(ids) == room:
            return current, ids[-1]
        room -= len(ids)
        position, after = position + 1, 0
    return None
