"""Jobs that keep the index current."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core import work
from llmio.core.i18n import _
from llmio.core.jobs import LONG, Job, job
from llmio.search import building, documents, indexing

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

REINDEX = "search.reindex"
TITLE = _("Building the search index")
SCOPE_OF = {"User": "author", "Discussion": "discussion", "Poll": "poll"}
"""Records that others' documents speak of: when they change, so do those."""


@job("search.index", queue="low")
def index(ctx: Context, record_type: str, record_id: int) -> None:
    """Bring the index up to date with one record and what lies in it."""
    record = (record_type, record_id) if record_type in documents.TYPES else None
    if record_type in SCOPE_OF:
        _go_on(ctx, BULK[SCOPE_OF[record_type]], SCOPE_OF[record_type], record_id, record=record)
    elif record:
        indexing.refresh(ctx, {record_type: [record_id]})


@job("search.reindex_author", queue="low")
def reindex_author(ctx: Context, user_id: int, kind: str | None = None, after: int = 0) -> None:
    """Index anew what a person wrote: their name changed, their account was closed or opened."""
    _go_on(ctx, reindex_author, "author", user_id, kind, after)


@job("search.reindex_discussion", queue="low")
def reindex_discussion(ctx: Context, discussion_id: int, kind: str | None = None, after: int = 0) -> None:
    """Index anew what is in a thread: it was moved, removed, or items were moved into it."""
    _go_on(ctx, reindex_discussion, "discussion", discussion_id, kind, after)


@job("search.reindex_poll", queue="low")
def reindex_poll(ctx: Context, poll_id: int, kind: str | None = None, after: int = 0) -> None:
    """Index anew a poll with votes and outcomes: it was changed, closed or removed."""
    _go_on(ctx, reindex_poll, "poll", poll_id, kind, after)


@job(REINDEX, queue="low", transaction=False, limit=LONG)
def reindex(app: App, work_id: int | None = None) -> None:
    """Build the whole index anew while people search, or go on with that."""
    with work.reported(app, REINDEX, str(TITLE), work_id) as report:
        for reached in building.build(app):
            report.reach(reached.done, reached.total, reached.phase)


BULK: dict[str, Job] = {"author": reindex_author, "discussion": reindex_discussion, "poll": reindex_poll}


def _go_on(
    ctx: Context,
    bulk: Job,
    scope: str,
    scope_id: int,
    kind: str | None = None,
    after: int = 0,
    *,
    record: tuple[str, int] | None = None,
) -> None:
    """A stretch now, the rest in a job of its own: transactions stay short, whatever somebody wrote in ten years."""
    rest = indexing.refresh_scope(ctx, scope, scope_id, kind, after, record=record)
    if rest is not None:
        ctx.enqueue(bulk, scope_id, *rest)
