"""App: everything one process shares, filled by `boot` and alike for web, worker, command and test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import transaction
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session, sessionmaker

from llmio.core import db as database
from llmio.core.context import Context, Identity, SeenListener
from llmio.core.events import EventKind, Listener, Listeners
from llmio.core.features import Panel, Panels, TaskPlace, TimelineItem
from llmio.core.jobs import Every, Job, Schedule
from llmio.core.permissions import BASE_RULES, Permission, Predicate, RuleMap, allow
from llmio.core.ports import Ports
from llmio.core.settings import Section, Settings
from llmio.core.switches import Follower

if TYPE_CHECKING:
    from llmio.plugins.registry import Plugins


@dataclass
class App:
    """Settings, database, registries and ports of a process."""

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]
    ports: Ports
    plugins: Plugins
    sections: Sequence[Section] = ()
    """The declared settings in the order in which people read them."""
    redis: Any = None
    """A redis client (`redis.Redis`); callers must bear its absence: nothing that people entrust to us lives there."""
    rules: RuleMap = field(default_factory=lambda: dict(BASE_RULES))
    kinds: dict[str, EventKind] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    schedules: list[Schedule] = field(default_factory=list)
    event_jobs: list[Job] = field(default_factory=list)
    """Jobs enqueued for every event, with its id."""
    listeners: Listeners = field(default_factory=Listeners)
    observers: dict[str, list[Job]] = field(default_factory=dict)
    """Record type → jobs enqueued when `ctx.changed(record)` was called, with (type, id)."""
    timeline: dict[str, TimelineItem] = field(default_factory=dict)
    task_places: dict[str, TaskPlace] = field(default_factory=dict)
    """Record type → its texts with tasks."""
    seen_listeners: list[SeenListener] = field(default_factory=list)
    """Called when the actor has seen records, in the transaction of the reading."""
    panels: Panels = field(default_factory=Panels)
    extras: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Further registries that one feature opens for those above it: registry name → key → object."""

    follower: Follower = field(init=False)
    """Keeps this process at what administrators switch."""

    renewed: list[Callable[[], None]] = field(default_factory=list)
    """Called after the plugins were loaded anew, by whoever made something of them (the web its pages)."""

    def __post_init__(self) -> None:
        self.follower = Follower(self)

    def become(self, fresh: App) -> None:
        """Take over all that depends on plugins; whoever holds this App goes on with it. Connections and ports stay."""
        stays = {"engine", "sessions", "ports", "redis", "follower", "renewed"}
        for one in fields(self):
            if one.name not in stays:
                setattr(self, one.name, getattr(fresh, one.name))
        for hook in self.renewed:
            hook()

    # -- what features call in register(app) ---------------------------------------------------------------------

    def add_rule(self, permission: Permission, *clauses: Predicate | tuple[Predicate, ...]) -> None:
        """Permit when any clause holds; a tuple of predicates holds when all do."""
        allow(self.rules, permission, *clauses)

    def add_kinds(self, *kinds: EventKind) -> None:
        """Register event kinds."""
        self._add(self.kinds, {kind.name: kind for kind in kinds}, "event kind")

    def add_jobs(self, *jobs: Job) -> None:
        """Register jobs."""
        self._add(self.jobs, {job.name: job for job in jobs}, "job")

    def add_schedule(self, job: Job, *, every: Every, moments: bool = False) -> None:
        """Have a registered job run by the clock, by whichever process acts as the schedule (see `Schedule`)."""
        self.schedules.append(Schedule(job, every, moments=moments))

    def add_event_job(self, job: Job) -> None:
        """Have a job enqueued for every event."""
        self.add_jobs(job)
        self.event_jobs.append(job)

    def add_listener(self, listener: Listener) -> None:
        """Have a function called in the transaction of every event."""
        self.listeners.add(listener)

    def add_seen_listener(self, listener: SeenListener) -> None:
        """Have a function called when the actor has seen records (`ctx.saw`)."""
        self.seen_listeners.append(listener)

    def add_observer(self, job: Job, *record_types: str) -> None:
        """Have a job enqueued when a record of these types changed."""
        for record_type in record_types:
            self.observers.setdefault(record_type, []).append(job)

    def add_timeline_item(self, item: TimelineItem) -> None:
        """Say how a record type is shown in a thread."""
        self._add(self.timeline, {item.record_type: item}, "timeline item")

    def add_task_place(self, place: TaskPlace) -> None:
        """Say that tasks stand in the texts of a record type."""
        self._add(self.task_places, {place.model.__name__: place}, "place of tasks")

    def add_extra(self, registry: str, key: str, value: Any) -> None:
        """Put an object into a registry that a feature below opened."""
        self._add(self.extras.setdefault(registry, {}), {key: value}, registry)

    def add_panel(self, panel: Panel) -> None:
        """Give a section to another feature's page."""
        self.panels.add(panel)

    @staticmethod
    def _add(table: dict[str, Any], new: dict[str, Any], what: str) -> None:
        for name, value in new.items():
            if name in table:
                raise ValueError(f"{what} {name} is registered twice")
            table[name] = value

    # -- contexts ------------------------------------------------------------------------------------------------

    def connect(self) -> Connection:
        """A connection outside the unit of work (advisory locks, notice)."""
        return self.engine.connect()

    @contextmanager
    def begin(self, actor: Identity | None = None) -> Iterator[Context]:
        """A context with a transaction of its own: commits at the end, rolls back on an error."""
        tm = transaction.TransactionManager(explicit=True)
        tm.begin()
        session = database.join(self.sessions(), tm)
        try:
            yield Context(self, session, tm, actor)
            tm.commit()
        except BaseException:
            tm.abort()
            raise
        finally:
            session.close()
