"""PostgreSQL and Valkey for a run of the tests: started once, shared by every xdist worker."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.engine import Engine

from llmio.core.db import engine_for
from llmio.embedded.postgres import Postgres
from llmio.embedded.valkey import Valkey
from llmio.migrations import commands
from llmio.plugins import migrate
from llmio.plugins.discover import discover

DATABASE_VARIABLE = "LLMIO_TEST_DATABASE_URL"
REDIS_VARIABLE = "LLMIO_TEST_REDIS_URL"


MEMORY = Path("/dev/shm")  # noqa: S108  # not a guess at a temporary folder: memory that looks like one
ROOM = 4 * 1024**3
"""Bytes that have to be free there: containers often have no more than 64 MB."""


def quick_folder() -> str | None:
    """Where files of tests are best made: in memory. Copying a database there takes 20 ms, on many disks a second."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        return str(MEMORY)
    return None


@dataclass(frozen=True)
class Addresses:
    """Where the servers are, as plain text: xdist workers get it so."""

    postgres: str
    redis: str
    template: str
    cache: str
    """Folder of compiled templates: made once in a run, not by each worker and process of it."""

    def as_input(self) -> dict[str, str]:
        """What is handed to an xdist worker."""
        return asdict(self)

    def database(self, name: str) -> str:
        """URL of a database on the server."""
        return make_url(self.postgres).set(database=name).render_as_string(hide_password=False)

    def administer(self, *statements: str) -> None:
        """Run statements that no transaction may surround (CREATE and DROP DATABASE)."""
        engine = engine_for(self.postgres, pool_size=1, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                for statement in statements:
                    connection.execute(text(statement))
        finally:
            engine.dispose()

    def copy_template(self) -> str:
        """A new migrated database; its name."""
        name = f"{self.template}_{uuid.uuid4().hex[:12]}"
        self.administer(f'CREATE DATABASE "{name}" TEMPLATE "{self.template}" STRATEGY file_copy')
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Servers:
    """Embedded servers, or those that LLMIO_TEST_DATABASE_URL and LLMIO_TEST_REDIS_URL name."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="llmio-test-", dir=quick_folder()))
        # PostgreSQL may have to run as another account, which must be able to enter.
        self._folder.chmod(0o755)
        self._postgres: Postgres | None = None
        self._valkey: Valkey | None = None
        self._addresses: Addresses | None = None

    def start(self) -> Addresses:
        """Start what is needed, make the template database; the same answer when asked again."""
        if self._addresses is None:
            template = f"llmio_test_{uuid.uuid4().hex[:8]}"
            cache = self._folder / "cache"
            cache.mkdir()
            self._addresses = Addresses(self._start_postgres(), self._start_valkey(), template, str(cache))
            self._addresses.administer(f'CREATE DATABASE "{template}"')
            commands.upgrade(self._addresses.database(template))
            _upgrade_plugins(self._addresses.database(template))
        return self._addresses

    def stop(self) -> None:
        """Remove the template and stop what was started."""
        try:
            if self._addresses and self._postgres is None:
                self._addresses.drop(self._addresses.template)
        finally:
            self._addresses = None
            for server in (self._postgres, self._valkey):
                if server is not None:
                    server.remove()
            self._postgres = self._valkey = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start_postgres(self) -> str:
        given = os.environ.get(DATABASE_VARIABLE)
        if given:
            return given
        self._postgres = Postgres(self._folder / "postgres", fast=True)
        self._postgres.start()
        return self._postgres.url("postgres")

    def _start_valkey(self) -> str:
        given = os.environ.get(REDIS_VARIABLE)
        if given:
            return given
        self._valkey = Valkey(self._folder / "valkey", fast=True)
        self._valkey.start()
        return self._valkey.url()


def engine_of(url: str) -> Engine:
    """An engine for tests: few connections, none of them pinged, and more compiled statements kept than a site has use for."""
    return engine_for(url, pool_size=4, pool_pre_ping=False, query_cache_size=5000)


def _upgrade_plugins(url: str) -> None:
    """The tables of the built-in plugins; those of others are made by their own tests."""
    engine = engine_of(url)
    for candidate in discover():
        folder = migrate.folder_of(import_module(candidate.entry.module)) if candidate.built_in else None
        if folder is not None:
            with engine.begin() as connection:
                migrate.upgrade(connection, candidate.name, folder)
    engine.dispose()
