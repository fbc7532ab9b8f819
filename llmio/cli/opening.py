"""The site as commands open it, and let go of it again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415

NO_DATABASE = "DATABASE_URL is not set, and no `llmio up` runs on the data folder here (LLMIO_DATA)."


@contextmanager
def opened() -> Iterator[App]:
    """The App, where there is a database; raises Unavailable where there is none."""
    from llmio import boot
    from llmio.core.errors import Unavailable

    _short_logs()
    app = boot.build()
    try:
        if not app.settings["database.url"]:
            raise Unavailable(NO_DATABASE)
        yield app
    finally:
        app.engine.dispose()


def _short_logs() -> None:
    """Commands set up no log: what is told there goes to people as it comes, and without tracebacks."""
    import logging

    class Short(logging.Formatter):
        def formatException(self, ei: Any) -> str:  # noqa: N802  # as logging has it
            return str(ei[1]).partition("\n")[0]

    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Short())


@contextmanager
def working() -> Iterator[Context]:
    """One transaction of the operator, who may do what administrators may."""
    from llmio.core.context import OPERATOR

    with opened() as app, app.begin(OPERATOR) as ctx:
        yield ctx


def site_in_words(ctx: Context) -> str:
    """Which site a command acts on, and whether it runs: in a shell with other variables it may be another than was meant."""
    from pathlib import Path

    from sqlalchemy import make_url

    from llmio.core import processes

    url = make_url(ctx.app.settings.text("database.url"))
    host = url.host or url.query.get("host") or "the usual socket"
    where = f"the database {url.database} at {host}"
    if address := os.environ.get("LLMIO_ADDRESS"):  # taken over from it, see `join`
        where = f"{address}, which `llmio up` runs on {Path(ctx.app.settings.text('llmio.data')).absolute()}"
    kinds = sorted({one.kind for one in processes.present(ctx.db)})
    runs = f"{', '.join(kinds)} run{'s' if len(kinds) == 1 else ''} on it" if kinds else "nothing runs on it at present"
    return f"Site: {where}; {runs}."


def built(*, database: bool = True) -> App:
    """The App for looking at plugins: it refuses none and sends nothing."""
    from llmio import boot
    from llmio.core.db import engine_for
    from llmio.core.ports import NoLive, NoQueue, Ports, SystemClock

    settings = boot.read_settings(env=os.environ)
    url = settings.text("database.url")
    if database and not url:
        raise click.UsageError(NO_DATABASE)
    engine = engine_for(url or "postgresql://nobody@localhost:1/none", connect_args={"connect_timeout": 5})
    ports = Ports(SystemClock(), NoQueue(), None, None, NoLive())  # type: ignore[arg-type]  # nothing is sent here
    app = boot.build(env=os.environ, ports=ports, engine=engine, refuse=False)
    app.plugins.strict = False
    return app
