"""Signs of life: when each kind of process was last well, and when each scheduled job was last asked for.

In the database and not in Redis, so that they are there to read when Redis is what ails.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, Session, mapped_column

from llmio.core.db import Base

WORKER = "worker"
SCHEDULE = "schedule"
EVERY = 5.0
"""Seconds between two signs."""
STALE = 30.0
"""Seconds after which a process without a sign is taken for dead."""


class Heartbeat(Base):
    """The last sign of a kind of process, whichever of them gave it."""

    __tablename__ = "heartbeats"
    __table_args__ = {"schema": "llmio"}

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class ScheduleRun(Base):
    """When a scheduled job was last asked for."""

    __tablename__ = "schedule_runs"
    __table_args__ = {"schema": "llmio"}

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    last_run_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


def beat(db: Session, name: str, now: datetime) -> None:
    """Give a sign."""
    row = upsert(Heartbeat).values(name=name, at=now)
    db.execute(row.on_conflict_do_update(index_elements=["name"], set_={"at": now}))


def last(db: Session, name: str) -> datetime | None:
    """The last sign; None where there never was one."""
    return db.scalar(select(Heartbeat.at).where(Heartbeat.name == name))
