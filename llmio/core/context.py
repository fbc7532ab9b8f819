"""Context: what every service takes. The same for a web request, a job, a command and a test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import transaction
from sqlalchemy.orm import Session

from llmio.core import events, outbox, permissions
from llmio.core.errors import NotAllowed, SignInNeeded
from llmio.core.i18n import _

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.events import EventKind
    from llmio.core.jobs import Job
    from llmio.core.permissions import Permission
    from llmio.core.ports import Ports
    from llmio.core.tables import Event


@dataclass(frozen=True)
class Identity:
    """Who acts: values detached from the database, so that they outlive its session."""

    id: int
    name: str
    email: str
    username: str = ""
    key: str = ""
    is_admin: bool = False
    verified: bool = True
    locale: str = "en"
    time_zone: str = "UTC"
    session_id: str = ""
    picture: int | None = None
    """The version of the picture that others see."""


OPERATOR = Identity(id=0, name="operator", email="", is_admin=True)
"""Who calls a command on the server: may do what administrators may, and has no account."""


@dataclass
class Context:
    """App, database, actor and time of one act."""

    app: App
    db: Session
    tm: transaction.TransactionManager
    actor: Identity | None = None
    now: datetime = field(default=None)  # type: ignore[assignment]  # set below from the clock
    memo: dict[Any, Any] = field(default_factory=dict)
    """Holds what was loaded once for this act (memberships, …); lives as long as the context."""

    def __post_init__(self) -> None:
        if self.now is None:
            self.now = self.app.ports.clock.now()

    @property
    def ports(self) -> Ports:
        """Shorthand for `app.ports`."""
        return self.app.ports

    @property
    def actor_id(self) -> int | None:
        """The actor's user id, or None (nobody, or the operator)."""
        return self.actor.id or None if self.actor else None

    def can(self, permission: Permission, subject: Any = None) -> bool:
        """Whether the actor may."""
        return permissions.can(self, permission, subject)

    def require(self, permission: Permission, subject: Any = None) -> None:
        """Go on only if the actor may; raises SignInNeeded for nobody, NotAllowed for somebody."""
        if not self.can(permission, subject):
            if self.actor is None:
                raise SignInNeeded(_("Please sign in first."))
            raise NotAllowed(_("You may not do this."))

    def signed_in(self) -> Identity:
        """The actor; raises SignInNeeded where there is none."""
        if self.actor is None:
            raise SignInNeeded(_("Please sign in first."))
        return self.actor

    def publish(self, kind: EventKind, subject: Any, **how: Any) -> Event:
        """Record an event and the jobs it causes, in this transaction (see `events.publish`)."""
        return events.publish(self, kind, subject, **how)

    def enqueue(self, job: Job, *args: Any, delay: timedelta | None = None) -> None:
        """Have a job run once this transaction has committed."""
        outbox.add(self, job, args, delay=delay)

    def changed(self, record: Any) -> None:
        """Tell observers (search index, …) that a record was made or changed; once per record and transaction."""
        seen = self.memo.setdefault("changed", set())
        if record.id is None:
            self.db.flush()
        subject = (type(record).__name__, record.id)
        if subject in seen:
            return
        seen.add(subject)
        for observer in self.app.observers.get(subject[0], ()):
            self.enqueue(observer, *subject)

    def saw(self, records: Mapping[str, Collection[int]]) -> None:
        """Tell those who keep account of it (notices in the bell) that the actor has seen records: type → ids."""
        wanted = {record_type: ids for record_type, ids in records.items() if ids}
        if wanted and self.actor is not None:
            for listener in self.app.seen_listeners:
                listener(self, wanted)

    def values(self) -> Mapping[str, Any]:
        """What a log line should name."""
        return {"actor": self.actor_id}


SeenListener = Callable[[Context, Mapping[str, Collection[int]]], None]
