"""Which processes of the site run, of which version, and what each was told by variables or ini files.

A command started in another shell sees other variables than they do, and must not say that a switch holds where theirs decide.
"""

from __future__ import annotations

import logging
import os
import platform
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, Text, delete, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from llmio import __version__
from llmio.core.db import Base

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.settings import Settings

log = logging.getLogger(__name__)
EVERY = 10.0
"""Seconds between two signs."""
STALE = timedelta(seconds=30)
"""After which a process without a sign is taken for ended."""
KEPT = timedelta(days=1)


class Process(Base):
    """A process of the site. Its times are the database's."""

    __tablename__ = "processes"
    __table_args__ = {"schema": "llmio"}

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(Text)
    pid: Mapped[int] = mapped_column(Integer)
    version: Mapped[str] = mapped_column(Text)
    held: Mapped[Mapping[str, Any]] = mapped_column(JSONB)
    """Switch → what decides about it there (`by`), and how (`value`)."""
    seen_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.kind} (process {self.pid} on {self.host})"


def held_by(settings: Settings, key: str) -> str:
    """The variable or ini key that decides about a switch in this process; empty where administrators do."""
    return "" if settings.origins[key] == "default" else settings.named.get(key, settings.declared[key].env)


class Presence:
    """Shows that this process is there."""

    def __init__(self, app: App, kind: str) -> None:
        self._app = app
        self._kind = kind
        self._again = 0.0

    def sign(self) -> None:
        """Give a sign, if it is time; where the database does not answer, later."""
        if time.monotonic() < self._again:
            return
        self._again = time.monotonic() + EVERY
        try:
            with self._app.sessions() as db, db.begin():
                show(db, self._app.settings, self._kind)
        except SQLAlchemyError as error:
            log.debug("no sign can be given: %s", error)


def show(db: Session, settings: Settings, kind: str) -> None:
    """Write down this process, and forget those that ended long ago."""
    host, pid = platform.node(), os.getpid()
    held = {
        key: {"by": by, "value": settings.values[key]}
        for key, item in settings.declared.items()
        if item.switch and (by := held_by(settings, key))
    }
    now = func.clock_timestamp()
    row = upsert(Process).values(
        id=f"{kind} {pid}@{host}", kind=kind, host=host, pid=pid, version=__version__, held=held, seen_at=now
    )
    renewed = {name: row.excluded[name] for name in ("version", "held", "seen_at")}
    db.execute(row.on_conflict_do_update(index_elements=["id"], set_=renewed))
    db.execute(delete(Process).where(Process.seen_at < now - KEPT))


def present(db: Session) -> Sequence[Process]:
    """Those that run."""
    query = select(Process).where(Process.seen_at > func.clock_timestamp() - text(f"interval '{STALE.seconds} s'"))
    return db.scalars(query.order_by(Process.id).execution_options(populate_existing=True)).all()
