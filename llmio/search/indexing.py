"""The index kept current: with one record, with all of an author, thread or poll, and built anew while people search."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import chain
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


def refresh(ctx: Context, wanted: Mapping[str, Collection[int]], *, search: SearchProvider | None = None) -> None:
    """Bring the documents of some records (type → ids) up to date.

    Once in a transaction: all locks are taken before the first word is written, since a provider's own tables may make writers
    wait for each other, too. At most about `documents.BATCH` at a time: each takes a lock until the transaction ends, and a
    server has a few thousand.
    """
    kinds = [kind for kind in documents.TYPES if wanted.get(kind)]
    if not kinds:
        return
    search = search or provider(ctx.app)
    for kind in kinds:
        ctx.db.execute(LOCK, {"space": SPACES[kind], "ids": list(wanted[kind])})
    current = {kind: documents.found(ctx, kind, list(wanted[kind])) for kind in kinds}
    with noted(ctx.app.plugins, search, f"search_providers.{search.key}.index", now=ctx.now):
        for kind in kinds:
            gone = set(wanted[kind]) - {one.record_id for one in current[kind]}
            search.remove(ctx.db.connection(), kind, sorted(gone))
        search.index(ctx.db.connection(), list(chain.from_iterable(current.values())))


def refresh_scope(
    ctx: Context,
    scope: str,
    scope_id: int,
    kind: str | None = None,
    after: int = 0,
    *,
    record: tuple[str, int] | None = None,
) -> tuple[str, int] | None:
    """Bring a stretch of an author's, a thread's or a poll's documents up to date, and a `record`, though it be gone; where to
    go on, None at the end.
    """
    conditions: dict[str, Any] = documents.SCOPES[scope](scope_id)
    kinds = list(conditions)
    position = kinds.index(kind) if kind in conditions else 0
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    if record is not None:
        wanted[record[0]].add(record[1])
    room, rest = documents.BATCH, None
    while position < len(kinds) and room > 0:
        current = kinds[position]
        ids = documents.ids_after(ctx, current, after, conditions[current], limit=room)
        wanted[current].update(ids)
        if len(ids) == room:
            rest = current, ids[-1]
        room -= len(ids)
        position, after = position + 1, 0
    refresh(ctx, wanted)
    return rest
