"""Switches that administrators change while the site runs, kept in the database and followed by every process.

What is in force lies in memory (`Settings.switched`), so that a request asks the database nothing for it. Each change
raises a count in its own transaction; every process looks at that count every few seconds, and at once when a message
through Redis says so. Without Redis it only takes those seconds.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import redis
from sqlalchemy import BigInteger, Text, delete, select
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from llmio.core import audit
from llmio.core.db import Base
from llmio.core.processes import Presence
from llmio.core.settings import Setting, Switched

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

log = logging.getLogger(__name__)
CHANNEL = "/llmio/switches"
NOTICE_CHANNEL = "/system_notice"
SECONDS = 3.0
FEATURES, PLUGINS = "features", "plugins"
SITE = 0
"""The group id of what holds for the whole site."""
NOTICE = "site.notice"


class Switch(Base):
    """What an administrator set; without a row it is as configured, or the default."""

    __tablename__ = "switches"
    __table_args__ = {"schema": "llmio"}

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, server_default="0")
    value: Mapped[Any] = mapped_column(JSONB)


class SwitchChange(Base):
    """That somebody changed one: from what, to what (None: as configured, or the default)."""

    __tablename__ = "switch_changes"
    __table_args__ = {"schema": "llmio"}

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    group_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    before: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    changed_by: Mapped[int | None] = mapped_column(BigInteger)
    changed_by_name: Mapped[str] = mapped_column(Text, server_default="")
    changed_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class SwitchVersion(Base):
    """How often something of a kind was changed."""

    __tablename__ = "switch_versions"
    __table_args__ = {"schema": "llmio"}

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)


# -- changing ------------------------------------------------------------------------------------------------------------


def change(ctx: Context, item: Setting, value: Any, *, group_id: int = SITE) -> None:
    """Set a switch, or with None take back what was set; every process hears of it once this has committed."""
    place = {"key": item.key, "group_id": group_id}
    before = ctx.db.scalar(select(Switch.value).filter_by(**place))
    if value is None:
        ctx.db.execute(delete(Switch).filter_by(**place))
    else:
        row = upsert(Switch).values(**place, value=value)
        ctx.db.execute(row.on_conflict_do_update(index_elements=["key", "group_id"], set_={"value": value}))
    if before != value:
        note(ctx, FEATURES, item.key, before, value, group_id=group_id)


def note(ctx: Context, kind: str, key: str, before: Any, after: Any, *, group_id: int = SITE) -> None:
    """Write down who changed what, raise the count, and tell every process after the commit."""
    ctx.db.add(
        SwitchChange(
            kind=kind,
            key=key,
            group_id=group_id,
            before=before,
            after=after,
            changed_by=ctx.actor_id,
            changed_by_name=ctx.actor.name if ctx.actor else "",
            changed_at=ctx.now,
        )
    )
    audit.note(ctx, f"{kind}.switch", group_id=group_id or None, key=key, before=before, after=after)
    row = upsert(SwitchVersion).values(kind=kind, version=1)
    ctx.db.execute(row.on_conflict_do_update(index_elements=["kind"], set_={"version": SwitchVersion.version + 1}))
    ctx.tm.get().addAfterCommitHook(lambda committed: _tell(ctx.app) if committed else None)


def history(db: Session, kind: str, *, limit: int = 50) -> Sequence[SwitchChange]:
    """The latest changes."""
    query = select(SwitchChange).where(SwitchChange.kind == kind)
    return db.scalars(query.order_by(SwitchChange.id.desc()).limit(limit)).all()


def _tell(app: App) -> None:
    """Take it in here at once, and have the other processes look."""
    app.follower.look()
    if app.redis is not None:
        try:
            app.redis.publish(CHANNEL, "changed")
        except redis.RedisError:
            log.warning("other processes see the switch within seconds: Redis does not answer")


COUNTS = select(SwitchVersion.kind, SwitchVersion.version)

# -- following -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """What the database has: versions by kind, and what is switched."""

    versions: Mapping[str, int]
    switched: Switched


def kept(db: Session) -> Kept:
    """Read all of it; a few rows."""
    versions = {row.kind: row.version for row in db.scalars(select(SwitchVersion))}
    rows = db.scalars(select(Switch)).all()
    return Kept(
        versions,
        Switched(
            {row.key: row.value for row in rows if row.group_id == SITE},
            {(row.key, row.group_id): bool(row.value) for row in rows if row.group_id != SITE},
        ),
    )


class Follower:
    """Keeps a process at what is switched. `look()` looks once; `begin()` looks again and again in a thread."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._versions: Mapping[str, int] = {}
        self._lock = threading.Lock()
        self._process = 0
        self.enabled = False
        """Whether `begin()` does something: not where a test has the App in hand."""
        self.plugins_changed: Callable[[], None] | None = None
        """Called when a plugin was switched since the process began."""

    def look(self) -> None:
        """Take in what was changed; where the database does not answer all stays as it is."""
        with self._lock:
            try:
                with self._app.sessions() as db:
                    versions = dict(db.execute(COUNTS).all())
                    if versions == self._versions:
                        return
                    found = kept(db)
            except SQLAlchemyError as error:
                log.debug("switches cannot be read: %s", error)
                return
            before, self._versions = self._versions, found.versions
            self._app.settings.switched = found.switched
            log.info("switches: %s", ", ".join(f"{kind} {version}" for kind, version in sorted(versions.items())))
            if self.plugins_changed and before.get(PLUGINS, 0) != versions.get(PLUGINS, 0):
                self.plugins_changed()

    def forget(self) -> None:
        """As at the start of a process that has looked at nothing yet (tests)."""
        self._versions = {}
        self._app.settings.switched = Switched({}, {})

    def begin(self, kind: str) -> None:
        """Follow from now on, in this process of a kind, and show that it is there; a call in a process that follows already does nothing."""
        if not self.enabled or self._process == os.getpid():
            return
        self._process = os.getpid()
        self._lock = threading.Lock()  # one inherited through a fork may be held for ever
        threading.Thread(target=self._follow, args=(Presence(self._app, kind),), name="switches", daemon=True).start()

    def _follow(self, presence: Presence) -> None:
        client = self._app.redis
        listening: Any = None
        while True:
            try:
                self.look()
                presence.sign()
            except Exception:  # a process that no longer follows would be worse than one that says so and goes on
                log.exception("following the switches failed; trying again")
            began = time.monotonic()
            if client is not None:
                listening = _wait_for_word(client, listening)
            if listening is None:
                time.sleep(max(0.0, SECONDS - (time.monotonic() - began)))


def _wait_for_word(client: Any, listening: Any) -> Any:
    """Wait until somebody says that something changed, at most for a few seconds; None where Redis does not answer."""
    try:
        if listening is None:
            listening = client.pubsub(ignore_subscribe_messages=True)
            listening.subscribe(CHANNEL)
        until = time.monotonic() + SECONDS
        while (rest := until - time.monotonic()) > 0:
            if listening.get_message(timeout=rest):
                break
    except (redis.RedisError, OSError):
        if listening is not None:
            listening.close()
        return None
    return listening
