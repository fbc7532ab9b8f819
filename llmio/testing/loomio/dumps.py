"""Making such a database, and writing it down as an operator of the reference would."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Literal

import psycopg
from sqlalchemy import make_url

from llmio.embedded.binaries import postgres_folder
from llmio.testing.loomio import faults, large, versions
from llmio.testing.loomio.rows import Rows
from llmio.testing.loomio.world import World

Form = Literal["custom", "plain", "plain.gz", "custom.gz", "tar", "inserts"]
OPTIONS: dict[str, tuple[str, ...]] = {"custom": ("-Fc",), "tar": ("-Ft",), "inserts": ("--inserts",)}


def address(url: str) -> str:
    """An address as PostgreSQL's own library reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def made(
    url: str,
    *,
    version: str = versions.NEWEST,
    seed: int = 1,
    malformed: bool = False,
    users: int = 0,
    events: int = 0,
    storage: Path | None = None,
) -> World:
    """Fill an empty database; `malformed` adds rows that no site should have, `users` and `events` many that are alike.

    With `storage`, the bytes of the files lie there as Active Storage lays them.
    """
    with psycopg.connect(address(url)) as connection:
        # Statement after statement is one round trip here: the script is simple protocol, as psql would send it.
        connection.execute(versions.script(version).encode())
        rows = Rows(connection, seed)
        world = World(rows, storage)
        world.make()
        if users or events:
            large.make(connection, users=users, events=events, seed=seed)
        if malformed:
            faults.make(rows, world)
    return world


def dumped(url: str, path: Path, form: Form = "custom", *options: str) -> Path:
    """Write a database down; the file's path."""
    program = str(postgres_folder(None) / "pg_dump")
    kind, _dot, packed = form.partition(".")
    command = [program, *OPTIONS.get(kind, ()), *options, f"--dbname={address(url)}"]
    with path.open("wb") as target:
        _run(command, target)
    if packed:
        with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb") as target_gz:
            shutil.copyfileobj(plain, target_gz)
        Path(f"{path}.gz").replace(path)
    return path


def _run(command: list[str], target: Any) -> None:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
    subprocess.run(command, stdout=target, env=environment, check=True)  # noqa: S603  # a program of ours
