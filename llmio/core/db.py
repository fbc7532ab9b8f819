"""The database: metadata with names, types, and sessions joined to a transaction manager."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import transaction
from sqlalchemy import BigInteger, ColumnElement, MetaData, any_, create_engine, event, literal, make_url
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator
from transaction._transaction import Status  # the package exports it nowhere else
from zope.sqlalchemy.datamanager import STATUS_CHANGED, join_transaction

from llmio.core.measures import measures
from llmio.core.patience import Door, hasty

IDLE_SINCE = "llmio.idle_since"
TRUSTED_SECONDS = 0.5
CONNECT_SECONDS = 10
"""After which a server that takes a connection and says nothing is taken for dead; libpq would wait for ever."""
ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
"""Whoever waits for a machine that is gone (not only frozen) hears so within a minute; the kernel's own way takes hours."""
PREPARED = "prepared_statements"
JOINED = "llmio.transaction_manager"
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


def among(column: Any, ids: Iterable[int]) -> ColumnElement[bool]:
    """As `IN`, with one parameter whatever their number: people are in hundreds of groups."""
    found: ColumnElement[bool] = column == any_(literal(list(ids), ARRAY(BigInteger)))
    return found


def utcnow() -> datetime:
    """The moment for created_at and updated_at columns; acts take theirs from `ctx.now`."""
    return datetime.now(UTC)


def engine_for(url: str, **options: Any) -> Engine:
    """An engine; connections that lay idle are checked before use, so that a restarted server costs nobody an error.

    SQLAlchemy's own `pool_pre_ping` asks before every use, one round trip for each request and job. A server takes longer
    to restart than the moment for which we trust a connection. `pool_pre_ping=False` checks none.

    `?prepared_statements=false` in the address, the reference's words, is for a pool that hands each transaction another
    connection to the server (PgBouncer): nothing may be kept from one to the next.
    """
    if url.startswith(("postgres://", "postgresql://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    address = make_url(url)
    if PREPARED in address.query:
        if str(address.query[PREPARED]).lower() in ("false", "0"):
            options["connect_args"] = {**options.get("connect_args", {}), "prepare_threshold": None}
        address = address.difference_update_query([PREPARED])
    checked = options.pop("pool_pre_ping", True)
    options.setdefault("pool_size", 10)
    options.setdefault("max_overflow", 20)
    options.setdefault("hide_parameters", True)  # what people wrote and what lets them in is in no log and no report
    usual = {"connect_timeout": CONNECT_SECONDS, **ALIVE}
    own = {name: value for name, value in usual.items() if name not in address.query}
    options["connect_args"] = own | options.get("connect_args", {})
    engine = create_engine(address, **options)
    event.listen(engine, "do_connect", Door().connect)
    event.listen(engine, "connect", _search_public_alone, insert=True)
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _count)
    if checked:
        event.listen(engine, "checkin", _note_idle)
        event.listen(engine, "checkout", partial(_check_idle, engine))
    return engine


def _note_idle(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[IDLE_SINCE] = time.monotonic()


def _check_idle(engine: Engine, connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
    since = record.info.get(IDLE_SINCE)
    if since is None or time.monotonic() - since < TRUSTED_SECONDS:
        return
    try:
        with hasty():
            engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


def _begin(_c: Any, _cursor: Any, _statement: Any, _parameters: Any, context: Any, _many: bool) -> None:  # noqa: FBT001  # SQLAlchemy's signature
    context.llmio_began = time.perf_counter()


def _count(_c: Any, _cursor: Any, _statement: Any, _parameters: Any, context: Any, _many: bool) -> None:  # noqa: FBT001  # likewise
    measures.count("llmio_database_statements", measures.process)
    measures.count("llmio_database_seconds", measures.process, by=time.perf_counter() - context.llmio_began)


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
    """Let the transaction manager commit this session: it joins whenever it begins to work.

    As "changed": otherwise Core and text writes are rolled back silently, since zope.sqlalchemy only notices what the
    unit of work flushed. Its own `register` listens seven times to each session, which takes a third of the time of a
    short transaction; we listen once to all of them.
    """
    session.info[JOINED] = tm
    return session


def _joins(session: Session, *_what: Any) -> None:
    tm = session.info.get(JOINED)
    if tm is not None:
        join_transaction(session, STATUS_CHANGED, tm)


def _refuse_own_commit(session: Session) -> None:
    tm = session.info.get(JOINED)
    if tm is not None and not session.in_nested_transaction() and tm.get().status != Status.COMMITTING:
        raise RuntimeError("only the transaction manager commits")


event.listen(Session, "after_begin", _joins)
event.listen(Session, "after_attach", _joins)
event.listen(Session, "before_commit", _refuse_own_commit)
