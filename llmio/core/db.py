"""The database: metadata with names, types, and sessions joined to a transaction manager."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import transaction
import zope.sqlalchemy
from sqlalchemy import MetaData, create_engine, event
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "index_%(table_name)s_on_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "%(table_name)s_pkey",
}


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(naming_convention=NAMING)


class Utc(TypeDecorator[datetime]):
    """An aware datetime in UTC, stored as the reference does: a timestamp without zone."""

    impl = TIMESTAMP
    cache_ok = True

    def __init__(self, precision: int | None = None) -> None:
        self.precision = precision
        super().__init__(timezone=False, precision=precision)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware → naive UTC; a naive value is refused, since nobody knows its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Naive UTC → aware."""
        return None if value is None else value.replace(tzinfo=UTC)


def utcnow() -> datetime:
    """The moment for created_at and updated_at columns; acts take theirs from `ctx.now`."""
    return datetime.now(UTC)


def engine_for(url: str, **options: Any) -> Engine:
    """An engine; connections are checked before use, so that a restarted server costs nobody an error."""
    if url.startswith(("postgres://", "postgresql://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    options.setdefault("pool_pre_ping", True)
    options.setdefault("pool_size", 10)
    options.setdefault("max_overflow", 20)
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _search_public_alone, insert=True)
    return engine


def _search_public_alone(connection: Any, _record: Any) -> None:
    """PostgreSQL looks first in the schema named like the role: for a role `llmio` that would be our schema."""
    before = connection.autocommit
    connection.autocommit = True
    connection.execute("SET search_path = public")
    connection.autocommit = before


def session_factory(engine: Engine) -> sessionmaker[Session]:
    """Sessions on an engine; `join` ties each to a transaction manager."""
    return sessionmaker(engine, expire_on_commit=False)


def join(session: Session, tm: transaction.TransactionManager) -> Session:
    """Let the transaction manager commit this session.

    `initial_state="changed"`: otherwise Core and text writes are rolled back silently, since zope.sqlalchemy only
    notices what the unit of work flushed.
    """
    zope.sqlalchemy.register(session, initial_state="changed", transaction_manager=tm)
    return session
