"""A database for a moment: to try a dump, prove a backup, rehearse an upgrade. It never outlives its use by more than a day."""

from __future__ import annotations

import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, sql
from sqlalchemy import make_url

from llmio.embedded.postgres import Postgres

PREFIX = "llmio_scratch_"
KEPT = 86400
"""Seconds after which one that a killed process left is removed."""


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """An empty database beside that of `url`; where its role may make none (or there is no url), on a server of its own."""
    name = f"{PREFIX}{int(time.time())}_{uuid.uuid4().hex[:8]}"
    if url is not None and _made(url, name):
        try:
            yield make_url(url).set(database=name).render_as_string(hide_password=False)
        finally:
            with connect(url, autocommit=True) as connection:
                _drop(connection, name)
        return
    folder = Path(tempfile.mkdtemp(prefix="llmio-scratch-"))
    folder.chmod(0o755)  # PostgreSQL may have to run as another account, which must be able to enter
    server = Postgres(folder / "postgres", fast=True)
    try:
        server.start()
        server.create_database(name)
        yield server.url(name)
    finally:
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)


def connect(url: str, **options: Any) -> Connection[Any]:
    """A connection of psycopg's own, which finds our tables in schema public alone, and speaks UTC."""
    parsed = make_url(url)
    address = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    told = "-c search_path=public -c timezone=UTC"
    return psycopg.connect(address, options=told, **options)


def _made(url: str, name: str) -> bool:
    with connect(url, autocommit=True) as connection:
        for (old,) in connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'llmio\\_scratch\\_%'"
        ).fetchall():
            made = old.removeprefix(PREFIX).split("_")[0]
            if made.isdigit() and int(made) < time.time() - KEPT:
                with suppress(psycopg.Error):
                    _drop(connection, old)
        try:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            return False
    return True


def _drop(connection: Connection[Any], name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
