"""Documents on disk: every update as a row of one SQLite file, committed before it is acknowledged.

SQLite rather than PostgreSQL: this server then needs nothing but the address of a site, llmio's or the reference's. What is
kept here are texts under way; the saved ones are in the database.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from llmio.core.errors import Unavailable

T = TypeVar("T")
SCHEMA = """
CREATE TABLE IF NOT EXISTS updates (id INTEGER PRIMARY KEY, name TEXT NOT NULL, data BLOB NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS updates_name ON updates (name, at);
"""

DAMAGED = "{} is damaged ({}): move it away; saved texts are not in it"


class Store:
    """One file, written by one thread; what is waiting is committed together.

    Every method raises Unavailable where the disk does not do as it is told.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._waiting: list[tuple[str, bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            path.touch(mode=0o600)
            with suppress(PermissionError):  # another's file, which we may use all the same
                path.chmod(0o600)  # SQLite gives the files beside it the same rights
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=2)
            self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            # One server owns a file: another would not hear of what is typed here.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(SCHEMA)
            ((damage,),) = self._db.execute("PRAGMA quick_check(1)")
        except (OSError, sqlite3.OperationalError) as error:
            raise Unavailable(
                f"{path} cannot be used ({error}): does another `llmio hocuspocus` run with it?"
            ) from error
        except sqlite3.DatabaseError as error:
            raise Unavailable(DAMAGED.format(path, error)) from error
        if damage != "ok":
            raise Unavailable(DAMAGED.format(path, damage))

    def add(self, name: str, data: bytes) -> asyncio.Future[None]:
        """Keep an update; the future is done once it is on disk, in the order of the calls."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((name, data, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return future

    async def load(self, name: str) -> list[bytes]:
        """All updates of a document."""
        await self.written()
        return await self._run(lambda: self._load(name))

    async def replace(self, name: str, updates: Sequence[bytes]) -> None:
        """Put these in place of all that is kept of a document so far."""
        await self._run(lambda: self._replace(name, updates))

    async def sweep(self, seconds: float, besides: Iterable[str] = ()) -> int:
        """Forget documents that nobody changed for so long; returns how many."""
        return await self._run(lambda: self._sweep(int(self._clock() - seconds), set(besides)))

    async def written(self) -> None:
        """Return once nothing waits to be written."""
        while self._writing is not None:
            await asyncio.wait({self._writing})

    async def close(self) -> None:
        """Write what waits, and close the file."""
        await self.written()
        await self._run(self._db.close)
        self._thread.shutdown()

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise Unavailable(f"documents cannot be read or written: {error}") from error

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            rows = [(name, data) for name, data, _future in batch]
            try:
                await self._run(lambda rows=rows: self._insert(rows))  # type: ignore[misc]  # bound now
            except Unavailable as error:
                for *_row, future in batch:
                    if not future.done():
                        future.set_exception(Unavailable(str(error)))
            else:
                for *_row, future in batch:
                    if not future.done():
                        future.set_result(None)
        self._writing = None

    def _insert(self, rows: Sequence[tuple[str, bytes]]) -> None:
        now = int(self._clock())
        self._within(
            lambda: self._db.executemany(
                "INSERT INTO updates (name, data, at) VALUES (?, ?, ?)", [(name, data, now) for name, data in rows]
            )
        )

    def _load(self, name: str) -> list[bytes]:
        with closing(self._db.execute("SELECT data FROM updates WHERE name = ? ORDER BY id", (name,))) as rows:
            return [row[0] for row in rows]

    def _replace(self, name: str, updates: Sequence[bytes]) -> None:
        now = int(self._clock())

        def work() -> None:
            self._db.execute("DELETE FROM updates WHERE name = ?", (name,))
            self._db.executemany(
                "INSERT INTO updates (name, data, at) VALUES (?, ?, ?)", [(name, data, now) for data in updates]
            )

        self._within(work)

    def _sweep(self, before: int, besides: set[str]) -> int:
        query = "SELECT name FROM updates GROUP BY name HAVING max(at) < ?"
        with closing(self._db.execute(query, (before,))) as rows:
            names = [row[0] for row in rows if row[0] not in besides]
        self._within(lambda: self._db.executemany("DELETE FROM updates WHERE name = ?", [(name,) for name in names]))
        self._db.execute("PRAGMA incremental_vacuum").fetchall()
        return len(names)

    def _within(self, work: Callable[[], object]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            work()
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
