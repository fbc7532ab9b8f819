"""Backups: what was made and proved, whether that is well, and the nightly command."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core.jobs import GiveUp
from llmio.upkeep.models import Backup

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from llmio.core.app import App
    from llmio.core.settings import Settings

LATE = timedelta(hours=36)
"""A nightly proof that is older is missing."""


@dataclass(frozen=True)
class State:
    """The newest backup and the last one that was proved; `fault` is what is wrong, for administrators."""

    wanted: bool
    latest: Backup | None
    proved: Backup | None
    fault: str

    def age(self, now: datetime) -> timedelta | None:
        """Since the last proof; None where there never was one."""
        return now - self.proved.proved_at if self.proved is not None and self.proved.proved_at else None


def state(db: Session, settings: Settings, now: datetime) -> State:
    """How things stand; two queries."""
    latest = db.scalars(select(Backup).order_by(Backup.id.desc()).limit(1)).one_or_none()
    well = select(Backup).where(Backup.proved_at.is_not(None), Backup.fault == "").order_by(Backup.proved_at.desc())
    proved = db.scalars(well.limit(1)).one_or_none()
    wanted = settings["backups.nightly"] != "off"
    fault = ""
    if latest is not None and latest.fault:
        fault = latest.fault
    elif wanted and (proved is None or proved.proved_at is None):
        fault = "no backup was proved yet"
    elif wanted and proved is not None and proved.proved_at is not None and now - proved.proved_at > LATE:
        fault = f"the last backup was proved {(now - proved.proved_at).days} days ago"
    return State(wanted, latest, proved, fault)


def told(app: App, db: Session) -> dict[str, object]:
    """For `/health`: "ok", "off" or what is wrong, and the age of the last proof; nothing that only operators should read."""
    now = app.ports.clock.now()
    found = state(db, app.settings, now)
    age = found.age(now)
    hours = None if age is None else int(age.total_seconds() // 3600)
    if found.latest is not None and found.latest.fault:
        return {"state": "the last one could not be made or proved", "proved_hours_ago": hours}
    return {"state": found.fault or ("ok" if found.wanted else "off"), "proved_hours_ago": hours}


def nightly(app: App) -> None:
    """Run `llmio backup --nightly` as a process of its own, so that no worker holds its memory; raises GiveUp where it fails.

    What it found is in the table of backups already, and shown from there.
    """
    command = [sys.executable, "-m", "llmio", "backup", "--nightly"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own
    if answer.returncode != 0:
        raise GiveUp((answer.stderr.strip().splitlines() or ["llmio backup failed"])[-1])
