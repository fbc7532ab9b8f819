"""Pytest plugin of llmio: real servers, one database per worker, every test rolled back.

Fixtures for services: `app`, `db`, `ctx`, `run_jobs`, `clock`, `mailbox`, `http`, `live`, `queue`, `queries`. For pages:
`web`, `sign_in`. Where real commits are the point: `committed_db`. See docs/developers/testing.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import transaction
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.orm import Session

    from llmio.core.app import App
    from llmio.core.context import Context
    from llmio.testing.browser import Browser
    from llmio.testing.isolation import JobRunner, Queries
    from llmio.testing.ports import Mailbox, MemoryHttp, MemoryLive, MemoryQueue, MovableClock
    from llmio.testing.servers import Addresses, Servers

# Imports are made within functions: this plugin is loaded by every run of pytest in an environment that has llmio.
# ruff: noqa: PLC0415

SECRET = "testing-secret-of-at-least-32-characters"
INPUT = "llmio_servers"
KEY: pytest.StashKey[Servers] = pytest.StashKey()
PATIENCE = 60.0
"""Seconds; a site soon goes on without a Redis that does not answer, but tests may share a machine that is merely busy."""


def _servers(config: pytest.Config) -> Servers:
    """The servers of this run; started when first asked for where they are."""
    from llmio.testing.servers import Servers

    if KEY not in config.stash:
        config.stash[KEY] = Servers()
    return config.stash[KEY]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: start the servers in the controller and tell each worker where they are."""
    node.workerinput[INPUT] = _servers(node.config).start().as_input()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started."""
    if KEY in config.stash:
        config.stash[KEY].stop()
        del config.stash[KEY]


@pytest.fixture(scope="session")
def llmio_servers(request: pytest.FixtureRequest) -> Addresses:
    """Where PostgreSQL and Valkey are."""
    from llmio.testing.servers import Addresses

    given = getattr(request.config, "workerinput", {}).get(INPUT)
    addresses = Addresses(**given) if given else _servers(request.config).start()
    os.environ["LLMIO_CACHE"] = addresses.cache  # for processes that tests start
    return addresses


@pytest.fixture(scope="session")
def pg_url(llmio_servers: Addresses) -> Iterator[str]:
    """A migrated database for this worker."""
    name = llmio_servers.copy_template()
    yield llmio_servers.database(name)
    llmio_servers.drop(name)


@pytest.fixture(scope="session")
def redis_url(llmio_servers: Addresses, request: pytest.FixtureRequest) -> str:
    """A Redis database for this worker (the first sixteen workers each have their own)."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    return llmio_servers.redis.rsplit("/", 1)[0] + f"/{int(worker.removeprefix('gw')) % 16}"


@pytest.fixture(scope="session")
def engine(pg_url: str) -> Iterator[Engine]:
    """The engine of this worker's database."""
    from llmio.testing.servers import engine_of

    made = engine_of(pg_url)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def settings(
    llmio_servers: Addresses, pg_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Settings by key, as an ini file would have them; the environment is left out."""
    return {
        "llmio.env": "testing",
        "llmio.data": str(tmp_path_factory.mktemp("data")),
        "llmio.cache": llmio_servers.cache,
        "llmio.plugins.strict": "1",
        "database.url": pg_url,
        "redis.url": redis_url,
        "security.secret": SECRET,
        "site.host": "localhost",
    }


@pytest.fixture(scope="session")
def llmio_app(settings: dict[str, str], engine: Engine) -> App:
    """The App of this worker, with memory twins of the ports; tests use `app`."""
    from llmio import boot
    from llmio.core import collector
    from llmio.testing.ports import memory_ports
    from llmio.worker.queue import client

    made = boot.build(settings, env={}, ports=memory_ports(), engine=engine)
    made.redis = client(settings["redis.url"], seconds=PATIENCE)
    collector.set_aside()
    return made


@pytest.fixture(scope="session")
def wsgi(llmio_app: App) -> Any:
    """The WSGI application of this worker."""
    from llmio import web
    from llmio.core import collector

    made = web.assemble(llmio_app)
    collector.set_aside()
    return made


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection whose transaction is rolled back at the end."""
    with engine.connect() as made:
        outer = made.begin()
        yield made
        outer.rollback()


@pytest.fixture
def app(llmio_app: App, request: pytest.FixtureRequest) -> Iterator[App]:
    """The App; all its sessions use `connection`, unless the test asks for `committed_db`."""
    from llmio.testing.isolation import bound

    ports: Any = llmio_app.ports
    for port in (ports.clock, ports.queue, ports.mailer, ports.http, ports.live):
        port.reset()
    llmio_app.follower.forget()
    for failure in llmio_app.plugins.failures.all():
        llmio_app.plugins.failures.forget(failure.plugin)
    if llmio_app.redis is not None:
        llmio_app.redis.flushdb()
    if "committed_db" in request.fixturenames:
        yield llmio_app
        return
    with bound(llmio_app, request.getfixturevalue("connection")):
        yield llmio_app


@dataclass
class CommittedDatabase:
    """A database of the test's own, in which commits are real; the App uses it meanwhile."""

    app: App
    url: str
    engine: Engine


@pytest.fixture
def committed_db(app: App, llmio_servers: Addresses) -> Iterator[CommittedDatabase]:
    """A database of its own for a test with several processes, threads or transactions.

    Takes `app`, not `llmio_app`: with the clock as a former test left it, no other process would find work that is due.
    """
    from llmio.core.db import session_factory
    from llmio.testing.servers import engine_of

    name = llmio_servers.copy_template()
    url = llmio_servers.database(name)
    made = engine_of(url)
    before = app.engine, app.sessions
    app.engine, app.sessions = made, session_factory(made)
    try:
        yield CommittedDatabase(app, url, made)
    finally:
        app.engine, app.sessions = before
        made.dispose()
        llmio_servers.drop(name)


@pytest.fixture
def unit_of_work(app: App) -> Iterator[tuple[Session, transaction.TransactionManager]]:
    """The session and the transaction manager that the test itself works with."""
    from llmio.testing.isolation import test_session

    with test_session(app) as made:
        yield made


@pytest.fixture
def db(unit_of_work: tuple[Session, transaction.TransactionManager]) -> Session:
    """The test's session; what it wrote is gone at the end."""
    return unit_of_work[0]


@pytest.fixture
def tm(unit_of_work: tuple[Session, transaction.TransactionManager]) -> transaction.TransactionManager:
    """The transaction manager of `db`."""
    return unit_of_work[1]


@pytest.fixture
def ctx(app: App, db: Session, tm: transaction.TransactionManager) -> Callable[..., Context]:
    """`ctx(user)`: a context with that actor (a User, an Identity or nobody), on the test's session."""
    from llmio.core.context import Context
    from llmio.testing.browser import identity_of

    def made(actor: Any = None) -> Context:
        if actor is not None:
            db.flush()
        return Context(app, db, tm, identity_of(actor))

    return made


@pytest.fixture
def commit(db: Session, tm: transaction.TransactionManager) -> Callable[[], None]:
    """Commit what the test did so far, so that hooks after commit fire; the test's end still undoes it."""
    from llmio.testing import isolation

    return lambda: isolation.commit(db, tm)


@pytest.fixture
def run_jobs(app: App, db: Session) -> JobRunner:
    """`run_jobs()`: run all that waits in the outbox and is due."""
    from llmio.testing.isolation import JobRunner

    return JobRunner(app, before=db.flush, after=db.expire_all)


@pytest.fixture
def web(app: App, wsgi: Any, db: Session) -> Browser:
    """A browser without scripts; nobody is signed in."""
    from llmio.testing.browser import Browser

    return Browser(wsgi, app, before=db.flush, after=db.expire_all)


@pytest.fixture
def new_browser(app: App, wsgi: Any, db: Session) -> Callable[[], Browser]:
    """A further browser, for a second person."""
    from llmio.testing.browser import Browser

    return lambda: Browser(wsgi, app, before=db.flush, after=db.expire_all)


@pytest.fixture
def sign_in(web: Browser) -> Callable[..., Browser]:
    """`sign_in(user)`: the browser `web`, signed in."""
    return web.sign_in


@pytest.fixture
def queries(app: App, db: Session) -> Callable[[], AbstractContextManager[Queries]]:
    """Count statements in a `with` block; the value it gives has `count` and, as text, the statements."""
    from llmio.testing.isolation import counted

    def made() -> AbstractContextManager[Queries]:
        db.flush()
        return counted(app.engine)

    return made


@pytest.fixture
def clock(app: App) -> MovableClock:
    """The App's clock."""
    return app.ports.clock  # type: ignore[return-value]  # `llmio_app` put it there


@pytest.fixture
def mailbox(app: App) -> Mailbox:
    """Mails that the App sent."""
    return app.ports.mailer  # type: ignore[return-value]  # likewise


@pytest.fixture
def http(app: App) -> MemoryHttp:
    """Requests that the App made."""
    return app.ports.http  # type: ignore[return-value]  # likewise


@pytest.fixture
def live(app: App) -> MemoryLive:
    """Messages that the App sent to browsers."""
    return app.ports.live  # type: ignore[return-value]  # likewise


@pytest.fixture
def queue(app: App) -> MemoryQueue:
    """Hints that the App gave its worker."""
    return app.ports.queue  # type: ignore[return-value]  # likewise


@pytest.fixture
def data_folder(settings: dict[str, str]) -> Path:
    """The folder `llmio.data`."""
    return Path(settings["llmio.data"])
