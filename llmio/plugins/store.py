"""What the seam keeps in the database: switches of administrators, and failures seen by any process."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from llmio.core import switches as switches_kept
from llmio.plugins.failures import Failure
from llmio.plugins.models import PluginFailure, PluginSwitch

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

log = logging.getLogger("llmio.plugins")
PAUSE = timedelta(seconds=10)
"""The same failure is written at most so often; a plugin that fails at each request must not load the database."""
KEPT = 500


def switched_off(engine: Engine) -> frozenset[str]:
    """Names of plugins an administrator switched off; none where the database does not answer or is not set up yet."""
    try:
        with engine.connect() as connection:
            return frozenset(connection.scalars(select(PluginSwitch.plugin).where(PluginSwitch.on.is_(False))))
    except SQLAlchemyError as error:
        log.info("the switches of plugins cannot be read: %s", error)
        return frozenset()


def switches(db: Session) -> dict[str, bool]:
    """Plugin → on or off, of those that were switched."""
    return {row.plugin: row.on for row in db.scalars(select(PluginSwitch))}


def switch(ctx: Context, plugin: str, *, on: bool) -> None:
    """Keep a switch, with who made it; every process follows within seconds."""
    before = ctx.db.scalar(select(PluginSwitch.on).where(PluginSwitch.plugin == plugin))
    if (before is not False) != on:
        switches_kept.note(ctx, switches_kept.PLUGINS, plugin, before is not False, on)
    values = {"on": on, "changed_by": ctx.actor_id, "changed_at": ctx.now}
    row = upsert(PluginSwitch).values(plugin=plugin, **values)
    ctx.db.execute(row.on_conflict_do_update(index_elements=["plugin"], set_=values))


class Keeper:
    """Writes failures of this process to the database, in transactions of their own: an act that fails rolls back."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._written: dict[tuple[str, str], tuple[int, datetime]] = {}

    def __call__(self, failure: Failure) -> None:
        """Write what is new since the last time, unless that was a moment ago."""
        key = (failure.plugin, digest(failure))
        count, at = self._written.get(key, (0, None))
        if at is not None and failure.last_at - at < PAUSE:
            return
        with self.app.begin() as ctx:
            _write(ctx.db, failure, key[1], failure.count - count)
        if len(self._written) > KEPT:
            self._written.clear()
        self._written[key] = (failure.count, failure.last_at)


def digest(failure: Failure) -> str:
    """Tells failures apart."""
    return hashlib.sha256(f"{failure.where}\0{failure.error}".encode()).hexdigest()[:32]


def _write(db: Session, failure: Failure, key: str, more: int) -> None:
    row = upsert(PluginFailure).values(
        plugin=failure.plugin,
        digest=key,
        where=failure.where,
        error=failure.error,
        traceback=failure.traceback,
        count=more,
        first_at=failure.first_at,
        last_at=failure.last_at,
    )
    again = {"count": PluginFailure.count + more, "last_at": failure.last_at, "traceback": failure.traceback}
    db.execute(row.on_conflict_do_update(index_elements=["plugin", "digest"], set_=again))
    latest = select(PluginFailure.last_at).order_by(PluginFailure.last_at.desc()).offset(KEPT).limit(1)
    db.execute(delete(PluginFailure).where(PluginFailure.last_at <= latest.scalar_subquery()))


def failures(app: App, db: Session) -> list[Failure]:
    """What went wrong in all processes, latest first; those of this process also where they could not be stored."""
    rows = db.scalars(select(PluginFailure).order_by(PluginFailure.last_at.desc())).all()
    stored = [
        Failure(row.plugin, row.where, row.error, row.traceback, row.first_at, row.last_at, row.count) for row in rows
    ]
    known = {(one.plugin, digest(one)) for one in stored}
    own = [one for one in app.plugins.failures.all() if (one.plugin, digest(one)) not in known]
    return sorted([*stored, *own], key=lambda one: one.last_at, reverse=True)


def forget(ctx: Context, plugin: str) -> None:
    """Forget the failures of a plugin (the administrator has seen them)."""
    ctx.db.execute(delete(PluginFailure).where(PluginFailure.plugin == plugin))
    ctx.app.plugins.failures.forget(plugin)
