"""Long work and how far it has come: export, import, reindex, move. Shown to who asked, and to administrators.

The work itself is a job or a command; it reports here, in transactions of its own, so that others see it while it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Index, Text, delete, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, Session, mapped_column

from llmio.core.db import Base
from llmio.core.outbox import writable

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

Moment = TIMESTAMP(timezone=True)
EVERY = timedelta(seconds=0.5)
"""How often a report is written down at most."""
SILENT = timedelta(minutes=2)
"""Without a word for so long, work is taken for stopped."""
KEPT = timedelta(days=30)


class State(StrEnum):
    """How far it is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class LongWork(Base):
    """One piece of long work. `total` is 0 while nobody knows how much there is; `link` leads to what came of it."""

    __tablename__ = "long_work"
    __table_args__ = (
        Index("index_long_work_on_state", "state", postgresql_where=text("finished_at IS NULL")),
        {"schema": "llmio"},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(Text, default=State.WAITING, server_default="waiting")
    done: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    total: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    link: Mapped[str] = mapped_column(Text, default="", server_default="")
    error: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(Moment)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def over(self) -> bool:
        """Whether it has ended, well or not. What failed may begin again: its job is tried again."""
        return self.finished_at is not None

    @property
    def percent(self) -> int:
        """Never 100 before the end."""
        if self.state == State.DONE:
            return 100
        return max(0, min(99, 100 * self.done // self.total)) if self.total else 0

    def silent(self, now: datetime) -> bool:
        """Whether its process seems to have died."""
        return self.state == State.RUNNING and self.updated_at < now - SILENT


def ask(ctx: Context, kind: str, title: str) -> LongWork:
    """Note that somebody wants long work done; hand the id to the job that does it. Old ones are forgotten."""
    ctx.db.execute(delete(LongWork).where(LongWork.updated_at < ctx.now - KEPT))
    one = LongWork(kind=kind, title=title, user_id=ctx.actor_id, created_at=ctx.now, updated_at=ctx.now)
    ctx.db.add(one)
    ctx.db.flush()
    return one


def under_way(db: Session, kind: str, now: datetime) -> LongWork | None:
    """Work of a kind that waits or goes on, so that it is not asked for twice."""
    query = select(LongWork).where(LongWork.kind == kind, LongWork.finished_at.is_(None)).order_by(LongWork.id.desc())
    return next((one for one in db.scalars(query) if not one.silent(now)), None)


class Report:
    """What the work calls to say how far it is; cheap to call often."""

    def __init__(self, app: App, work_id: int) -> None:
        self.app = app
        self.work_id = work_id
        self._written: datetime | None = None
        self._unwritten: tuple[int, int | None, str] | None = None
        self._link = ""

    def reach(self, done: int, total: int | None = None, note: str = "") -> None:
        """Say how much is done, of how much; written down twice a second at most."""
        now = self.app.ports.clock.now()
        if self._written is not None and now - self._written < EVERY:
            self._unwritten = (done, total, note)
            return
        self._written = now
        self._unwritten = None
        self._set(done, total, note)

    def result(self, link: str) -> None:
        """Say where what comes of it is found."""
        self._link = link

    def _set(self, done: int, total: int | None, note: str) -> None:
        with self.app.begin() as ctx:
            one = ctx.db.get(LongWork, self.work_id)
            if one is not None:
                one.done, one.note, one.updated_at = done, note, ctx.now
                one.total = one.total if total is None else total

    def begin(self) -> None:
        """It goes on now, for the first time or again."""
        with self.app.begin() as ctx:
            one = ctx.db.get(LongWork, self.work_id)
            if one is not None:
                one.state, one.error, one.finished_at = State.RUNNING, "", None
                one.started_at = one.started_at or ctx.now
                one.updated_at = ctx.now

    def end(self, error: str = "") -> None:
        """It has ended."""
        if self._unwritten is not None:
            self._set(*self._unwritten)
        with self.app.begin() as ctx:
            one = ctx.db.get(LongWork, self.work_id)
            if one is None:
                return
            one.state = State.FAILED if error else State.DONE
            one.error, one.link = writable(error), self._link
            one.updated_at = one.finished_at = ctx.now
            if not error:
                one.note = ""


@contextmanager
def reported(app: App, kind: str, title: str, work_id: int | None = None) -> Iterator[Report]:
    """Report on the work within: it begins, and is done at the end, or failed by what it raised.

    `work_id` is what `ask` noted; without one (a command, a job that nobody waits for) it is noted now.
    """
    if work_id is None:
        with app.begin() as ctx:
            work_id = ask(ctx, kind, title).id
    report = Report(app, work_id)
    report.begin()
    try:
        yield report
    except BaseException as error:
        stopped = "It was stopped before its end" if isinstance(error, KeyboardInterrupt) else type(error).__name__
        report.end(str(error).strip() or stopped)
        raise
    report.end()
