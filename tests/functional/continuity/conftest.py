"""A site of the reference as dumps, and the same adopted: made once, copied for each test."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from sqlalchemy import make_url

from llmio.continuity import scratch
from llmio.testing import loomio
from llmio.testing.plugin import SECRET
from tests.commands import run_command


class Site:
    """A dump and what is in it."""

    def __init__(self, dump: Path, world: loomio.World, storage: Path, database: str) -> None:
        self.dump, self.world, self.storage, self.database = dump, world, storage, database


@pytest.fixture(scope="session")
def scratch_database(llmio_servers):
    """`scratch_database()`: the URL of an empty database; all are dropped at the end."""
    names = []

    def made(template: str | None = None) -> str:
        names.append(f"{llmio_servers.template}_c_{uuid.uuid4().hex[:10]}")
        copied = f' TEMPLATE "{template}" STRATEGY file_copy' if template else ""
        llmio_servers.administer(f'CREATE DATABASE "{names[-1]}"{copied}')
        return llmio_servers.database(names[-1])

    yield made
    for name in names:
        llmio_servers.drop(name)


@pytest.fixture
def scratch_left(monkeypatch):
    """`scratch_left(url)`: the databases for a moment that this test has not removed; those of others are not looked at."""
    prefix = f"{scratch.PREFIX}of{uuid.uuid4().hex[:8]}_"
    monkeypatch.setattr(scratch, "PREFIX", prefix)

    def made(url: str) -> list[str]:
        with scratch.connect(url) as connection:
            found = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (prefix,))
            return [name for (name,) in found]

    return made


@pytest.fixture(scope="session")
def site_of(scratch_database, tmp_path_factory):
    """`site_of(version=…, form=…, malformed=…)`: a dump with its world, made once for each combination."""
    worlds = {}

    def made(version: str = loomio.NEWEST, form: str = "custom", *, malformed: bool = False) -> Site:
        key = (version, malformed)
        if key not in worlds:
            folder = tmp_path_factory.mktemp("loomio")
            url = scratch_database()
            world = loomio.made(url, version=version, malformed=malformed, storage=folder / "storage")
            worlds[key] = (url, folder, world)
        url, folder, world = worlds[key]
        dump = folder / f"loomio.{form}"
        name = str(make_url(url).database)
        return Site(dump if dump.exists() else loomio.dumped(url, dump, form), world, folder / "storage", name)

    return made


@pytest.fixture(scope="session")
def command(llmio_servers, redis_url, tmp_path_factory):
    """`command(url, "adopt", …)`: the command with a database and data of its own; `command.data` is the data folder."""
    data = tmp_path_factory.mktemp("data")

    def called(url: str, *arguments: object, **env: str):
        told = {
            "DATABASE_URL": url, "REDIS_URL": redis_url, "LLMIO_DATA": str(data), "SECRET_COOKIE_TOKEN": SECRET,
            "LLMIO_ENV": "testing", "LLMIO_CACHE": llmio_servers.cache,
        }  # fmt: skip
        return run_command(*map(str, arguments), env={**told, **env})

    called.data = data
    return called
