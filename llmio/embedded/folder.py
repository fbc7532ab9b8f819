"""The data folder of `llmio up`: its lock, secrets, one-time token, logs, and what it tells other commands."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from . import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

LARGEST_LOG = 20_000_000
SECRETS = ("SECRET_COOKIE_TOKEN",)


class Folder:
    """A data folder, open for one `llmio up` at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.mail = self.path / "mail"
        self.logs = self.path / "log"
        self._run = self.path / "run"
        self._lock: IO[str] | None = None

    def open(self) -> None:
        """Make the folder where needed and take its lock; raises EmbeddedError when another one holds it."""
        try:
            # Root lets others pass through, because the database's account must reach its own folder inside.
            self.path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            os.umask(0o077)  # for all processes of the site: what they keep is read by this account alone
            for inner in (self._run, self.logs, self.mail):
                inner.mkdir(mode=0o700, exist_ok=True)
            lock = (self._run / "lock").open("a+")
        except OSError as error:
            message = f"The data folder {self.path} cannot be used ({error.strerror}): choose one with LLMIO_DATA."
            raise EmbeddedError(message) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            address = _read(self._run / "environment.json").get("LLMIO_ADDRESS", "")
            message = f"llmio already runs on the data folder {self.path}{': ' + address if address else ''}."
            raise EmbeddedError(message) from error
        self._lock = lock

    def close(self) -> None:
        """Let go of the lock."""
        (self._run / "environment.json").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def is_new(self) -> bool:
        """Whether nothing was ever started here."""
        return not (self.path / "secrets.json").exists()

    def secrets(self) -> dict[str, str]:
        """Variables that must stay the same from start to start; made at the first, together with the setup token."""
        path = self.path / "secrets.json"
        if not path.exists():
            _write(self.path / "setup-token", secrets.token_urlsafe(24))
            _write(path, json.dumps({name: secrets.token_hex(32) for name in SECRETS}, indent=1))
        found = _read(path)
        if not found:
            message = f"{path} cannot be read: restore it, or delete it (everybody is signed out then)."
            raise EmbeddedError(message)
        return found

    def setup_token(self) -> str | None:
        """The token that makes its first user an administrator; None once used (the web page deletes the file)."""
        with suppress(OSError):
            return (self.path / "setup-token").read_text().strip() or None
        return None

    def ports(self) -> dict[str, int]:
        """The ports of the last run, so that open pages find their live channel again."""
        return {name: port for name, port in _read(self.path / "ports.json").items() if isinstance(port, int)}

    def keep_ports(self, ports: Mapping[str, int]) -> None:
        """Remember the ports for the next run."""
        _write(self.path / "ports.json", json.dumps(dict(ports)))

    def announce(self, environment: Mapping[str, str]) -> None:
        """Tell commands started beside (`llmio plugins list`, …) how to reach what runs here."""
        _write(self._run / "environment.json", json.dumps({**environment, "LLMIO_PID": str(os.getpid())}))

    def log(self, name: str) -> Path:
        """The log of a part; cut off when it has grown large (its writer appends, so it goes on at the start)."""
        path = self.logs / f"{name}.log"
        with suppress(FileNotFoundError):
            if path.stat().st_size > LARGEST_LOG:
                path.with_suffix(".log.1").write_bytes(path.read_bytes())
                os.truncate(path, 0)
        return path


def join(environment: MutableMapping[str, str]) -> None:
    """Where no database is named but `llmio up` runs on the data folder, use what it uses."""
    if environment.get("DATABASE_URL") or environment.get("DATABASE_URL_FILE"):
        return
    path = Path(environment.get("LLMIO_DATA") or "var").absolute() / "run" / "environment.json"
    found = _read(path)
    if found and Path(f"/proc/{found.pop('LLMIO_PID', '')}").exists():
        for name, value in found.items():
            environment.setdefault(name, value)


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text())
        return found if isinstance(found, dict) else {}
    return {}


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and for this user only."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
