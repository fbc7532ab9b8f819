"""Making a backup: database and files as of one moment, in one archive; and which old ones may go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg import Connection, IsolationLevel

from llmio.continuity import archive, programs, totals
from llmio.continuity.looking import Say, silent
from llmio.continuity.scratch import connect
from llmio.core.app import App
from llmio.core.errors import LlmioError, NotFound
from llmio.core.settings import Settings
from llmio.files import storages
from llmio.migrations import commands

NAME = re.compile(r"llmio-(\d{8}-\d{6})\.tar")
STAMP = "%Y%m%d-%H%M%S"
BLOBS = "SELECT id, key, filename, service_name FROM public.active_storage_blobs ORDER BY id"


@dataclass
class Made:
    """An archive that was made; `missing` names files that have a row and no bytes."""

    path: Path
    made_at: datetime
    size: int = 0
    files: int = 0
    missing: list[str] = field(default_factory=list)


def folder_of(settings: Settings) -> Path:
    """Where archives are kept."""
    return Path(settings.text("backups.folder") or Path(settings.text("llmio.data")) / "backups").absolute()


def make(app: App, url: str, folder: Path, *, files: bool = True, say: Say = silent) -> Made:
    """Write an archive of database and files. All that is in it is as of one moment: a snapshot that pg_dump shares.

    A file that was deleted since then is no fault. Raises LlmioError where pg_dump fails; half an archive is never left.
    """
    now = app.ports.clock.now()
    made = Made(folder / f"llmio-{now.strftime(STAMP)}.tar", now)
    with connect(url) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        row = connection.execute(
            "SELECT pg_export_snapshot(), current_setting('server_version_num')::int / 10000"
        ).fetchone()
        snapshot, server = row or ("", 0)
        closed, digest = totals.digests(connection)
        manifest = archive.Manifest(
            made_at=now.isoformat(timespec="seconds"), revision=commands.current(url) or "", server=server,
            rows=totals.rows(connection), closed_polls=closed, results=digest, files=files,
        )  # fmt: skip
        with archive.writing(made.path, manifest) as writer:
            _database(writer, url, snapshot, server, say)
            if files:
                _files(app, writer, connection, made, say)
    made.size = made.path.stat().st_size
    return made


def _database(writer: archive.Writer, url: str, snapshot: str, server: int, say: Say) -> None:
    target, environment = programs.address(url)
    command = [programs.program("pg_dump", at_least=server), "-Fc", "--no-owner", "--no-privileges",
               f"--snapshot={snapshot}", f"--dbname={target}"]  # fmt: skip
    say("database", 0, 0)
    with programs.output(command, environment) as stream:
        writer.dump(stream)


def _files(app: App, writer: archive.Writer, connection: Connection[Any], made: Made, say: Say) -> None:
    with connection.cursor(name="llmio_files") as cursor:
        cursor.itersize = 500
        for blob_id, key, filename, service in cursor.execute(BLOBS):
            try:
                storage = storages.named(app, service)
                size = storage.size(key)
                writer.add(f"{archive.FILES}{service}/{key}", storages.reader(storage.open(key)), size)
                made.files += 1
            except NotFound:
                if _still_there(app, blob_id):
                    made.missing.append(f"file {blob_id} ({filename})")
            except LlmioError as error:
                made.missing.append(f"file {blob_id} ({filename}): {error}")
            say("files", made.files, 0)


def _still_there(app: App, blob_id: int) -> bool:
    """Whether the row is there now: else the file was deleted since the snapshot, and nothing is missing."""
    with app.connect() as connection:
        found = connection.exec_driver_sql("SELECT 1 FROM active_storage_blobs WHERE id = %s", (blob_id,))
        return found.first() is not None


def kept(folder: Path) -> list[tuple[datetime, Path]]:
    """The archives in a folder, newest first; what else lies there is none of ours."""
    named = [(NAME.fullmatch(path.name), path) for path in (folder.iterdir() if folder.is_dir() else ())]
    found = [(datetime.strptime(name[1], STAMP).replace(tzinfo=UTC), path) for name, path in named if name]
    return sorted(found, reverse=True)


def to_remove(made: list[datetime], *, days: int, weeks: int, months: int) -> Iterator[datetime]:
    """Which of some archives may go: the newest of each of the last so many days, weeks and months are kept.

    Counted in days (weeks, months) that have an archive at all, so that nothing goes while none are made. The newest stays always.
    """
    stay: set[datetime] = set(made[:1])
    for form, number in (("%Y-%m-%d", days), ("%G-%V", weeks), ("%Y-%m", months)):
        newest: dict[str, datetime] = {}
        for moment in sorted(made, reverse=True):
            newest.setdefault(moment.strftime(form), moment)
        stay |= set(list(newest.values())[: max(0, number)])
    yield from (moment for moment in made if moment not in stay)


def tidy(folder: Path, settings: Settings, now: datetime) -> list[Path]:
    """Remove archives that are older than the settings keep; those removed."""
    held = dict(kept(folder))
    told = {name: settings.number(f"backups.keep_{name}") for name in ("days", "weeks", "months")}
    gone = [held[moment] for moment in to_remove(sorted(held, reverse=True), **told)]
    for path in gone:
        path.unlink()
    for path in folder.glob(".llmio-*.partial"):  # of a process that was killed
        if datetime.fromtimestamp(path.stat().st_mtime, UTC).date() < now.date():
            path.unlink(missing_ok=True)
    return gone
