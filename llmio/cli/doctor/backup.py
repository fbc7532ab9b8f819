"""When a backup was last proved to restore."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select

from llmio.cli.doctor.findings import Finding, found
from llmio.cli.doctor.site import Site
from llmio.upkeep.models import Backup

OLD = timedelta(days=2)


def check(site: Site) -> Iterator[Finding]:
    """The last one made or proved by llmio, and the last that was well."""
    with site.app.sessions() as db:
        latest = db.scalars(select(Backup).order_by(Backup.id.desc()).limit(1)).one_or_none()
        proved = db.scalar(select(func.max(Backup.proved_at)).where(Backup.fault == ""))
        now = db.scalar(select(func.clock_timestamp()))
    if latest is None:
        yield found("backup.unknown", "llmio has made no backup here")
        return
    if latest.fault:
        yield found("backup.failed", f"{latest.archive}: {latest.fault.strip().splitlines()[0][:300]}")
    if now is None or (proved is not None and now - proved <= OLD):
        return
    yield found("backup.old", f"last proved {(now - proved).days} days ago" if proved else "none was ever proved")
