"""One embedded PostgreSQL server."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from . import EmbeddedError
from .account import home_for, server_account
from .binaries import postgres_folder, postgres_major
from .process import end, end_all, open_own, spawn, tail, wait_until, working_in

if TYPE_CHECKING:
    from .account import Account

ROLE = "llmio"
PORT = 5432
LONGEST_SOCKET = 100  # the kernel stops at 107 bytes
START_SECONDS = 60.0
BUILTIN_LOCALES_SINCE = 17
# What is a letter and what a sign, full text search asks of the system alone: in locale C all that is not ASCII is a letter, and “loom”
# with its quotes another word than loom. Where the system has no C.UTF-8 (macOS), it stays so.
CHARACTERS = ("--locale=C.UTF-8",)
UNSURE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
BUILTIN = (*UNSURE, "--lc-ctype=C.UTF-8")
STATUS_LINE = 7

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "max_wal_size": "256MB",
    "jit": "off",  # its start-up costs more than our short queries
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "cluster_name": "llmio",
}
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "max_connections": "300",  # tests beside one another share a server
}


class Postgres:
    """A server with its data in `data`, reached through a Unix socket in a folder that only we may enter.

    `fast` trades durability for speed: for tests. The server stops by itself when the thread that started it ends.
    """

    def __init__(self, data: Path, *, fast: bool = False) -> None:
        self.data = data.absolute()
        self.fast = fast
        self._home: Path | None = None
        self._account: Account | None = None
        self._binaries: Path | None = None
        self._sockets: Path | None = None
        self._lock: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether the server that we started is still there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster."""
        return self._process.pid if self._process is not None else None

    @property
    def home(self) -> Path:
        """The real folder of the server's files; elsewhere than `data` when its account cannot enter that."""
        if self._home is None:
            self._account = server_account(self.data.resolve() / "cluster")
            self._home = home_for(self.data, self._account, temporary=self.fast)
        return self._home

    @property
    def cluster(self) -> Path:
        """What PostgreSQL calls its data directory."""
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        """Where the server writes what happens to it."""
        return self.home / "postgres.log"

    @property
    def binaries(self) -> Path:
        """The folder of the server's programs, fitting the version of existing data."""
        if self._binaries is None:
            version = self.cluster / "PG_VERSION"
            major = int(version.read_text().split(".")[0]) if version.exists() else None
            self._binaries = postgres_folder(self._account, major=major)
        return self._binaries

    @property
    def sockets(self) -> Path:
        """The private folder of the socket: beside the data, or a short temporary one when that path is too long."""
        if self._sockets is None:
            near = self.home / "run"
            if len(os.fsencode(near / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET:
                near.mkdir(mode=0o700, exist_ok=True)
                self._sockets = near
            else:
                self._sockets = Path(tempfile.mkdtemp(prefix="llmio-", dir="/tmp"))  # TMPDIR may be long, too
            if self._account is not None:
                os.chown(self._sockets, self._account.uid, self._account.gid)
        return self._sockets

    def start(self) -> None:
        """Start and wait until the server answers; makes the data at first, ends what an earlier run left behind."""
        if self.alive:
            return
        self._take_lock()
        self._end_leftovers()
        if not self.cluster.exists():
            self._initialise()
        for last in (False, False, True):
            self._launch()
            if wait_until(lambda: self._ready() or not self.alive, START_SECONDS) and self.alive:
                return
            self.stop(keep_lock=True)
            if last or "shared memory block" not in tail(self.log):
                break
            self._end_leftovers()
        message = f"PostgreSQL does not start:\n{tail(self.log)}\n(all of it: {self.log})"
        raise EmbeddedError(message)

    def stop(self, *, keep_lock: bool = False) -> None:
        """Shut down, breaking open connections; does nothing when it is down."""
        if self._process is not None:
            end(self._process, (signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 5))
            self._process = None
        if keep_lock:
            return
        if self._sockets is not None and self._sockets.parent != self._home:
            shutil.rmtree(self._sockets, ignore_errors=True)
        self._sockets = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def remove(self) -> None:
        """Stop and delete all data."""
        self.stop()
        shutil.rmtree(self.home)
        if self.data.is_symlink():
            self.data.unlink()
        self._home = self._binaries = None

    def url(self, database: str = "llmio") -> str:
        """SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://{ROLE}@/{quote(database)}?host={quote(str(self.sockets))}&port={PORT}"

    def create_database(self, name: str) -> None:
        """Create an empty database; nothing when it exists."""
        answer = subprocess.run(  # noqa: S603  # a path of ours
            [self.binaries / "createdb", "-h", self.sockets, "-p", str(PORT), "-U", ROLE, "-w", name],
            env=self._environment(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0 and "already exists" not in answer.stderr:
            raise EmbeddedError(answer.stderr.strip())

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = open_own(self.home / "lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            message = f"Another process already runs PostgreSQL on the data in {self.data}."
            raise EmbeddedError(message) from error
        self._lock = lock

    def _end_leftovers(self) -> None:
        """Whoever works in our locked folder is an orphan; PostgreSQL will not start beside one."""
        cluster = self.cluster.resolve()
        if not end_all(lambda: working_in(cluster), (signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            message = f"An earlier PostgreSQL on {cluster} does not end (processes {working_in(cluster)})."
            raise EmbeddedError(message)
        # A pid file may name a number that another process has by now; on Linux we know that it is stale.
        if Path("/proc/self/cwd").exists():
            with suppress(FileNotFoundError):
                (cluster / "postmaster.pid").unlink()

    def _initialise(self) -> None:
        # In a folder of its own, renamed at the end: an interrupted initdb leaves nothing that looks like data.
        unfinished = self.home / "cluster.new"
        command = [str(self.binaries / "initdb"), "-D", str(unfinished), "-U", ROLE, "-E", "UTF8"]
        command += ["--auth-local=trust", "--auth-host=reject", *(["--no-sync"] if self.fast else [])]
        builtin = (postgres_major(self.binaries) or 0) >= BUILTIN_LOCALES_SINCE
        for locale in (BUILTIN, UNSURE) if builtin else (CHARACTERS,):
            shutil.rmtree(unfinished, ignore_errors=True)
            if self._spawn([*command, *locale], when_parent_dies=signal.SIGKILL).wait() == 0:
                unfinished.rename(self.cluster)
                return
        message = f"PostgreSQL cannot make its data in {self.home}:\n{tail(self.log)}"
        raise EmbeddedError(message)

    def _launch(self) -> None:
        settings = SETTINGS | (FAST if self.fast else {}) | {"unix_socket_directories": f'"{self.sockets}"'}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self.binaries / "postgres"), "-D", str(self.cluster.resolve()), *options]
        self._process = self._spawn(command, when_parent_dies=signal.SIGINT)

    def _spawn(self, command: list[str], *, when_parent_dies: signal.Signals) -> subprocess.Popen[bytes]:
        return spawn(
            command,
            log=self.log,
            env=self._environment(),
            cwd=self.home,
            account=self._account,
            when_parent_dies=when_parent_dies,
        )

    def _environment(self) -> dict[str, str]:
        # A clean one: PGDATA, PGHOST and their like would change what the programs do.
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(self.home)}
        icu = self.binaries.parent / "share" / "icu"
        return environment | ({"ICU_DATA": str(icu)} if icu.is_dir() else {})

    def _ready(self) -> bool:
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > STATUS_LINE and lines[0] == str(self.pid) and lines[STATUS_LINE].strip() == "ready"
