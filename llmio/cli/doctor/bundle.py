"""The support bundle: what helps others to help, without secrets and without people's data."""

from __future__ import annotations

import io
import json
import os
import platform
import sys
import tarfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from llmio import __version__
from llmio.cli.doctor.findings import Finding, first_line
from llmio.cli.doctor.masking import Masking, secrets_of
from llmio.cli.doctor.site import Site

LINES = 400
"""Lines of each log, from its end."""
LONGEST = 2_000
README: Final = """\
Made by `llmio doctor --bundle`, for those who are asked for help with this site.

In it: what the doctor found, versions, settings and where each comes from, plugins, how many jobs wait, revisions of the
database, the last lines of logs. Masked: secrets, passwords, tokens, e-mail addresses, addresses of people's machines,
what is quoted in logs. Not in it: anything that people wrote, names, votes, files. Look through it before you pass it on.
"""
QUEUES = """
SELECT queue, job, count(*) FILTER (WHERE dead_at IS NULL AND available_at <= now()) AS due,
  count(*) FILTER (WHERE dead_at IS NULL AND available_at > now()) AS later, count(dead_at) AS dead,
  max(attempts) AS attempts,
  extract(epoch FROM now() - min(available_at) FILTER (WHERE dead_at IS NULL AND available_at <= now()))::int AS oldest_seconds
FROM llmio.outbox GROUP BY 1, 2 ORDER BY 1, 2
"""
SIGNS = "SELECT name, extract(epoch FROM now() - at)::int AS seconds_ago FROM llmio.heartbeats ORDER BY 1"
VERSIONS = (
    "SELECT table_schema FROM information_schema.tables WHERE table_name = 'alembic_version' ORDER BY table_schema"
)


def write(path: Path, site: Site, findings: Sequence[Finding]) -> list[str]:
    """Write the bundle, readable by this account alone; the names of what is in it. Raises OSError.

    A part that cannot be made says why in its place.
    """
    masking = Masking(secrets_of(site.settings, site.env))
    parts: dict[str, Callable[[], Any]] = {
        "findings.json": lambda: [_finding(one, masking) for one in findings],
        "versions.json": lambda: _versions(site),
        "settings.json": lambda: _settings(site),
        "plugins.json": lambda: [_plugin(one.as_dict(), masking) for one in site.app.plugins.records],
        "queues.json": lambda: _queues(site),
        "migrations.json": lambda: _migrations(site),
    }
    files = {"README.txt": README}
    for name, make in parts.items():
        try:
            made = make()
        except Exception as error:  # noqa: BLE001  # the bundle is for sites where anything may be broken
            made = {"error": f"{type(error).__name__}: {first_line(error)}"}
        files[name] = json.dumps(masking.value(made), indent=1, ensure_ascii=False, default=str) + "\n"
    files |= dict(_logs(site, masking))
    made = _packed(files)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
        os.fchmod(target.fileno(), 0o600)
        try:
            target.write(made)
            target.flush()
        except OSError:
            path.unlink(missing_ok=True)
            raise
    return list(files)


def _packed(files: Mapping[str, str]) -> bytes:
    """The files as an archive."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, words in files.items():
            data = words.encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"llmio-doctor/{name}")
            entry.size, entry.mode = len(data), 0o600
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def _finding(one: Finding, masking: Masking) -> dict[str, Any]:
    """Errors of plugins, and those nobody thought of, may quote anybody's words."""
    shown = one.as_dict()
    return shown | ({"what": masking.line(one.what)} if one.area in ("plugins", "doctor", "jobs", "backup") else {})


def _plugin(record: dict[str, Any], masking: Masking) -> dict[str, Any]:
    return record | {name: "\n".join(masking.lines(str(record[name]).splitlines())) for name in ("error", "traceback")}


def _versions(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = {
        "llmio": __version__,
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": dict(sorted((one.metadata["Name"], one.version) for one in distributions())),
    }
    if "database" in site.works:
        with site.app.sessions() as db:
            found["postgresql"] = db.execute(text("SHOW server_version")).scalar_one()
            rows = db.execute(text("SELECT extname, extversion FROM pg_extension"))
            found["extensions"] = {str(row.extname): str(row.extversion) for row in rows}
    if "redis" in site.works:
        info = site.app.redis.info("server")
        found["redis"] = {name: info[name] for name in ("redis_version", "valkey_version") if name in info}
    return found


def _settings(site: Site) -> list[dict[str, Any]]:
    """Those that are not at their default, with the origin of each."""
    rows = [row for row in site.settings.describe() if row["origin"] != "default"]
    return [{name: row[name] for name in ("key", "variable", "value", "origin")} for row in rows]


def _queues(site: Site) -> dict[str, Any]:
    if "database" not in site.works:
        return {"error": "the database does not work"}
    with site.app.sessions() as db:
        queues = [dict(row) for row in db.execute(text(QUEUES)).mappings()]
        return {"queues": queues, "signs_of_life": [dict(row) for row in db.execute(text(SIGNS)).mappings()]}


def _migrations(site: Site) -> dict[str, Any]:
    from llmio.migrations import commands  # noqa: PLC0415  # slow

    found: dict[str, Any] = {"code": commands.head()}
    if "database" in site.works:
        with site.app.sessions() as db:
            for schema in db.scalars(text(VERSIONS)).all():
                quoted = '"' + str(schema).replace('"', '""') + '"'
                found[schema] = list(db.scalars(text(f"SELECT version_num FROM {quoted}.alembic_version")))
    return found


def _logs(site: Site, masking: Masking) -> Iterator[tuple[str, str]]:
    """The last lines of what `llmio up` logs; elsewhere logs are the business of docker or journald."""
    folder = Path(site.settings.text("llmio.data")) / "log"
    for path in sorted(folder.glob("*.log")):
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                last = deque(file, LINES)
        except OSError as error:
            yield f"logs/{path.name}", f"cannot be read: {error.strerror}\n"
            continue
        kept = masking.lines(line.rstrip("\n")[:LONGEST] for line in last)
        yield f"logs/{path.name}", "".join(f"{line}\n" for line in kept)
