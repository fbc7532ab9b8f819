"""Binds an App to one connection whose transaction is rolled back at the end of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import transaction
from sqlalchemy import event, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session, sessionmaker

from llmio.core import db as database
from llmio.core import outbox
from llmio.core.app import App
from llmio.core.outbox import Outbox


class SharedConnection:
    """Stands for a connection of its own (`App.connect`), but is the test's: it sees what the test wrote."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execution_options(self, **_options: Any) -> SharedConnection:
        """Isolation levels cannot change within the test's transaction."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        """Leave the test's connection open."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def begin(self) -> Any:
        """A savepoint: the test's transaction goes on around it."""
        return self._connection.begin_nested()

    def commit(self) -> None:
        """Nothing: the test's transaction is rolled back."""

    def rollback(self) -> None:
        """Nothing, likewise."""

    def close(self) -> None:
        """Nothing, likewise."""


@contextmanager
def bound(app: App, connection: Connection) -> Iterator[None]:
    """Have every session of the App use the connection: a commit releases a savepoint, hooks after commit fire."""
    sessions, connect = app.sessions, app.connect
    app.sessions = sessionmaker(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
    app.connect = lambda: SharedConnection(connection)  # type: ignore[method-assign, assignment, return-value]  # for the test
    try:
        yield
    finally:
        app.sessions, app.connect = sessions, connect  # type: ignore[method-assign]  # as before


@contextmanager
def test_session(app: App) -> Iterator[tuple[Session, transaction.TransactionManager]]:
    """The session that a test itself works with, and its transaction manager (see `commit`)."""
    tm = transaction.TransactionManager(explicit=True)
    session = database.join(app.sessions(), tm)
    tm.begin()
    try:
        yield session, tm
    finally:
        tm.abort()
        session.close()


def commit(session: Session, tm: transaction.TransactionManager) -> None:
    """Commit, which fires hooks and closes the session, and go on with the same records in it."""
    session.flush()
    records = list(session)
    tm.commit()
    tm.begin()
    session.add_all(records)


@dataclass
class Queries:
    """The statements that were sent, without those that only mark savepoints."""

    statements: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many."""
        return len(self.statements)

    def __len__(self) -> int:
        return len(self.statements)

    def __str__(self) -> str:
        return "\n".join(f"{number}. {text}" for number, text in enumerate(self.statements, 1))


@contextmanager
def counted(engine: Engine) -> Iterator[Queries]:
    """Collect what is sent meanwhile."""
    found = Queries()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")):
            found.statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


@dataclass
class JobRunner:
    """Runs what waits in the outbox, in this process; jobs that those enqueue run too."""

    app: App
    before: Callable[[], None]
    after: Callable[[], None]

    def __call__(self, *, failures: bool = False) -> list[str]:
        """Run all that is due; the names of the jobs. A failing job fails the test unless `failures` says it may."""
        self.before()
        names: list[str] = []
        while rows := self._due():
            for outbox_id, name in rows:
                names.append(name)
                if not outbox.run(self.app, outbox_id) and not failures:
                    raise AssertionError(f"job {name} did not succeed:\n{self._error_of(outbox_id)}")
        self.after()
        return names

    def _due(self) -> list[tuple[int, str]]:
        query = select(Outbox.id, Outbox.job).where(
            Outbox.dead_at.is_(None), Outbox.available_at <= self.app.ports.clock.now()
        )
        with self.app.sessions() as session:
            return [(row.id, row.job) for row in session.execute(query.order_by(Outbox.id))]

    def _error_of(self, outbox_id: int) -> str:
        with self.app.sessions() as session:
            return session.scalar(select(Outbox.last_error).where(Outbox.id == outbox_id)) or "no error was kept"
