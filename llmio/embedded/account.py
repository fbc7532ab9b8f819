"""The operating system account that PostgreSQL runs as, and folders it can reach."""

from __future__ import annotations

import hashlib
import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import EmbeddedError

SYSTEM_STATE = Path("/var/lib")


@dataclass(frozen=True)
class Account:
    """An account to run a server as; PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int

    def may(self, test: str, path: Path) -> bool:
        """Ask the system (`-x`, `-w`), not the mode bits: access lists and mounts count too."""
        command = ["/bin/sh", "-c", f'test {test} "$1"', "sh", str(path)]
        return self.run(command).returncode == 0

    def run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        """Run a short command as this account."""
        try:
            return subprocess.run(  # noqa: S603  # the command is ours
                command, user=self.uid, group=self.gid, extra_groups=[], cwd="/", capture_output=True, check=False
            )
        except PermissionError as error:
            if error.filename is None or str(error.filename) == command[0]:
                return subprocess.CompletedProcess(command, 126, b"", str(error).encode())
            raise


def server_account(cluster: Path) -> Account | None:
    """None for a plain user. As root: the owner of the data if there is data, else `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (uid := cluster.stat().st_uid) != 0:
        return _by_uid(uid, cluster.stat().st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        account = Account(name, entry.pw_uid, entry.pw_gid)
        if not _can_become(account):
            break
        return account
    message = (
        "PostgreSQL does not run as root, and no other account can be used here: start llmio as a plain user, or set "
        "DATABASE_URL to a PostgreSQL server of your own."
    )
    raise EmbeddedError(message)


def home_for(data: Path, account: Account | None, *, temporary: bool) -> Path:
    """The folder that keeps the server's files: `data` itself, or, where the account cannot reach that, one it can.

    Then `data` becomes a link to it. A folder whose link is gone is never taken up: its path alone does not say that its
    database belongs to this data folder, and who deletes a data folder to begin anew must not find the old one in it.
    """
    if data.is_symlink():
        return _own(data.resolve(), account)
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        if account is None or account.may("-x", data.parent):
            return _own(data, account)
        base, name = Path(tempfile.gettempdir()) if temporary else SYSTEM_STATE, f"llmio-{_digest(data)}"
        earlier = sorted(base.glob(f"{name}*"))
        home = _own(Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base)), account)
        if data.exists():
            data.rmdir()
        data.symlink_to(home)
    except OSError as error:
        message = f"The data folder {data} cannot be used: {error.strerror or error}."
        raise EmbeddedError(message) from error
    if not temporary:
        _tell(f"Account {account.name} cannot reach {data}: PostgreSQL keeps its data in {home}.")
        for one in earlier:
            _tell(f"An earlier data folder of this path left its database in {one}; delete that if nobody needs it.")
    return home


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # for the person at the terminal


def _own(folder: Path, account: Account | None) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    uid = os.geteuid() if account is None else account.uid
    found = folder.lstat().st_uid
    if account is not None and found == 0:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    elif found != uid:
        message = f"The folder {folder} belongs to another user; choose another one with LLMIO_DATA."
        raise EmbeddedError(message)
    folder.chmod(0o700)
    return folder


def _digest(path: Path) -> str:
    return hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:12]


def _by_uid(uid: int, gid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(str(uid), uid, gid)
    return Account(entry.pw_name, uid, entry.pw_gid)


def _can_become(account: Account) -> bool:
    try:
        return account.run(["/bin/sh", "-c", ":"]).returncode == 0
    except OSError:
        return False
