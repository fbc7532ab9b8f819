"""`/up`: this process lives. `/health`: all that the site needs is well, or the names of what is not."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pyramid.response import Response
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from llmio.core import heartbeats, outbox
from llmio.core.permissions import Permission
from llmio.files import storages
from llmio.upkeep.service import backups
from llmio.web import arrival

if TYPE_CHECKING:
    from llmio.core.app import App

log = logging.getLogger(__name__)
Check = Callable[["App", Session], str]
T = TypeVar("T")
STATE = "SELECT current_setting('transaction_read_only') = 'off', to_regclass('llmio.alembic_version') IS NOT NULL"
BEHIND = "not up to date: run llmio db upgrade"
_storage_known: dict[int, tuple[float, str]] = {}
_asking: dict[str, threading.Thread] = {}
"""Who was asked last, by name: a server that hangs must not gather a thread for each look at it."""
REMEMBERED, PATIENCE = 30.0, 3.0
LATE = timedelta(minutes=5)
"""How long a job may wait beyond its time before the site is called unwell."""


def includeme(config: Any) -> None:
    """Both routes, open to all."""
    for name, view in (("up", up), ("health", health)):
        config.add_route(name, f"/{name}", request_method="GET")
        config.add_view(view, route_name=name, permission=Permission.PUBLIC, require_csrf=False)


def up(request: Any) -> Response:
    """Say "ok", whatever else is down; to `llmio doctor`, which can sign, also how the request arrived here."""
    question = request.headers.get(arrival.HEADER)
    if question and arrival.is_ours(request.app.settings, question):
        response = Response(json_body=arrival.seen(request, question))
        response.cache_control = "no-store"
        return response
    return Response("ok", content_type="text/plain")


def health(request: Any) -> Response:
    """Each part by name: "ok", or what is wrong with it; 503 where anything is."""
    checks = examine(request.app)
    well = all(found == "ok" for found in checks.values())
    body = {"status": "ok" if well else "unwell", "failed": [name for name, found in checks.items() if found != "ok"]}
    noted = notes(request.app) if checks["database"] == "ok" else {}
    response = Response(json_body=body | {"checks": checks} | noted, status=200 if well else 503)
    response.cache_control = "no-store"
    return response


def notes(app: App) -> dict[str, Any]:
    """What monitoring should know of, and no reason to take a process out of service: the age of the last proved backup."""

    def ask() -> dict[str, Any]:
        try:
            with app.sessions() as db:
                return {"backup": backups.told(app, db)}
        except SQLAlchemyError:
            return {}

    return _in_time("notes", ask, {})


def examine(app: App) -> dict[str, str]:
    """Every check by name; says nothing that only operators should read."""
    found = {"redis": _redis(app), "storage": _storage(app)}
    database = _in_time("database", lambda: _database(app), {"database": "does not answer"})
    return {"database": database.pop("database")} | found | database


def _database(app: App) -> dict[str, str]:
    """The database itself, and what it tells of the others; where it does not answer, of these nothing is known."""
    checks: dict[str, Check] = {
        "migrations": _migrations,
        "worker": _alive(heartbeats.WORKER),
        "schedule": _alive(heartbeats.SCHEDULE),
        "jobs": _jobs,
    }
    try:
        with app.sessions() as db:
            db.execute(text("SET LOCAL statement_timeout = '2s'"))
            writes, prepared = db.execute(text(STATE)).one()
            own = {"database": "ok" if writes else "takes no writes"}
            if not prepared:
                return own | {"migrations": BEHIND}
            return own | {name: check(app, db) for name, check in checks.items()}
    except SQLAlchemyError:
        return {"database": "does not answer, or not as it should"}


def _in_time(name: str, ask: Callable[[], T], otherwise: T) -> T:
    """What is answered within a moment, else `otherwise`; nobody is asked again who has not answered yet."""
    if name in _asking and _asking[name].is_alive():
        return otherwise
    found: list[T] = []
    asking = _asking[name] = threading.Thread(target=lambda: found.append(ask()), name=f"health: {name}", daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return found[0] if found else otherwise


def _redis(app: App) -> str:
    if app.redis is None:
        return "not configured"
    try:
        app.redis.ping()
    except RedisError:
        return "does not answer"
    return "ok"


def _storage(app: App) -> str:
    """Whether new files can be kept; asked for at most every half minute, and waited for no longer than a moment."""
    known = _storage_known.get(id(app))
    if known is not None and time.monotonic() - known[0] < REMEMBERED:
        return known[1]
    answer = _in_time("storage", lambda: _probe(app), "does not answer")
    _storage_known[id(app)] = (time.monotonic(), answer)
    return answer


def _probe(app: App) -> str:
    try:
        storage = storages.for_new_files(app)
        storage.backend.probe(storage.settings)
    except Exception as error:  # noqa: BLE001  # whatever a client library raises: it is what the check is for
        log.warning("the storage of files cannot be used: %s", error)
        return "cannot be used: run llmio files test"
    return "ok"


@cache
def wanted() -> frozenset[str]:
    """The revisions that the code needs; reading them from the files takes longer than all the rest."""
    from llmio.migrations import commands  # noqa: PLC0415  # slow

    return frozenset(commands.head().split(", "))


def _migrations(_app: App, db: Session) -> str:
    have = set(db.scalars(text("SELECT version_num FROM llmio.alembic_version")))
    return "ok" if have == wanted() else BEHIND


def _alive(name: str) -> Check:
    def check(app: App, db: Session) -> str:
        last = heartbeats.last(db, name)
        if last is None:
            return "never seen"
        silent = (app.ports.clock.now() - last).total_seconds()
        return "ok" if silent <= heartbeats.STALE else f"no sign for {int(silent)} seconds"

    return check


def _jobs(app: App, db: Session) -> str:
    since = outbox.oldest(db, app.ports.clock.now())
    late = app.ports.clock.now() - since if since else timedelta(0)
    return "ok" if late <= LATE else f"the oldest job waits for {int(late.total_seconds())} seconds"
