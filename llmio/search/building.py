"""A whole index built anew, batch by batch, while people search: nothing is emptied first.

First every record is looked at, then every document that the index holds: what no longer has a record goes. Each batch is a
transaction that also says how far it has come, so that a building that was stopped goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from llmio.core.alone import alone
from llmio.core.errors import Conflict
from llmio.core.i18n import _
from llmio.core.outbox import Outbox
from llmio.plugins.guard import noted
from llmio.search import documents, indexing
from llmio.search.models import SearchBuild
from llmio.search.providers import provider

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from llmio.core.app import App
    from llmio.core.context import Context

SWEEP = "sweep:"
FINISH = "finish"
"""A step by itself: what a provider does then may wait for all who write, who must not wait for what was written before."""
PHASES = (*documents.TYPES, *(f"{SWEEP}{kind}" for kind in documents.TYPES), FINISH)
ONE_AT_A_TIME = 0x5EA0FF


@dataclass(frozen=True)
class Progress:
    """How far a building has come; `total` is what was there when it began."""

    provider: str
    phase: str
    done: int
    total: int
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    resumed: bool = False

    @property
    def percent(self) -> int:
        """Never 100 before the end."""
        if self.finished_at:
            return 100
        return min(99, 100 * self.done // self.total) if self.total else 0


def latest(db: Session, key: str) -> SearchBuild | None:
    """The last building of a provider's index."""
    query = select(SearchBuild).where(SearchBuild.provider == key).order_by(SearchBuild.id.desc()).limit(1)
    return db.scalars(query).one_or_none()


def progress_of(build: SearchBuild, *, resumed: bool = False) -> Progress:
    """A building as a value."""
    return Progress(
        build.provider,
        build.phase,
        build.done,
        build.total,
        build.started_at,
        build.updated_at,
        build.finished_at,
        resumed,
    )


def status(ctx: Context) -> dict[str, Any]:
    """The provider in use, what its index holds beside what there is, what waits, and its last building."""
    search = provider(ctx.app)
    found = latest(ctx.db, search.key)
    reached = progress_of(found) if found else None
    waiting = select(func.count()).select_from(Outbox).where(Outbox.job.like("search.%"))
    return {
        "provider": search.key,
        "documents": search.count(ctx.db.connection()),
        "records": _records(ctx),
        "waiting": ctx.db.scalar(waiting) or 0,
        "build": None
        if reached is None
        else {
            "phase": reached.phase,
            "done": reached.done,
            "total": reached.total,
            "percent": reached.percent,
            "started_at": reached.started_at.isoformat(),
            "updated_at": reached.updated_at.isoformat(),
            "finished_at": reached.finished_at.isoformat() if reached.finished_at else None,
        },
    }


def _records(ctx: Context) -> int:
    return sum(ctx.db.scalar(select(func.count()).select_from(model)) or 0 for model in documents.MODELS.values())


def build(app: App, *, restart: bool = False) -> Iterator[Progress]:
    """Build the index in use, or go on with that; yields after each batch. Raises Conflict where another does it."""
    with alone(app, ONE_AT_A_TIME, _("The search index is being built already.")):
        with app.begin() as ctx:
            begun, resumed = _begin(ctx, restart=restart)
            started = progress_of(begun, resumed=resumed)
        yield started
        while True:
            with app.begin() as ctx:
                reached = _step(ctx)
            yield reached
            if reached.finished_at is not None:
                return


def _begin(ctx: Context, *, restart: bool) -> tuple[SearchBuild, bool]:
    search = provider(ctx.app)
    found = latest(ctx.db, search.key)
    if found is not None and found.finished_at is None and not restart:
        return found, True
    total = search.count(ctx.db.connection()) or 0
    total += _records(ctx)
    made = SearchBuild(
        provider=search.key, phase=PHASES[0], after_id=0, done=0, total=total, started_at=ctx.now, updated_at=ctx.now
    )
    ctx.db.add(made)
    ctx.db.flush()
    return made, False


def _step(ctx: Context) -> Progress:
    """One batch of the building under way."""
    build = latest(ctx.db, provider(ctx.app).key)
    if build is None or build.finished_at is not None:
        raise Conflict(_("The search index was built by somebody else meanwhile."))
    ids = _work(ctx, build)
    build.done += len(ids)
    build.updated_at = ctx.now
    if len(ids) == documents.BATCH:
        build.after_id = ids[-1]
    else:
        following = PHASES.index(build.phase) + 1
        build.after_id = 0
        if following < len(PHASES):
            build.phase = PHASES[following]
        else:
            build.finished_at = ctx.now
    return progress_of(build)


def _work(ctx: Context, build: SearchBuild) -> list[int]:
    """Ids looked at."""
    search = provider(ctx.app)
    if build.phase == FINISH:
        with noted(ctx.app.plugins, search, f"search_providers.{search.key}.finish", now=ctx.now):
            search.finish(ctx.db.connection())
        return []
    if not build.phase.startswith(SWEEP):
        ids = documents.ids_after(ctx, build.phase, build.after_id)
        indexing.refresh(ctx, {build.phase: ids}, search=search)
        return ids
    kind = build.phase.removeprefix(SWEEP)
    held = list(search.ids(ctx.db.connection(), kind, build.after_id, documents.BATCH))
    model = documents.MODELS[kind]
    there = set(ctx.db.scalars(select(model.id).where(model.id.in_(held))))
    indexing.refresh(ctx, {kind: set(held) - there}, search=search)
    return held
