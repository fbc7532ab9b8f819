"""`llmio backup`: one archive of database and files, proved by restoring it aside."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llmio.cli.opening import opened

if TYPE_CHECKING:
    from llmio.continuity.backup import Made
    from llmio.core.app import App

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415


@click.command()
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), help="Folder for the archive; else LLMIO_BACKUP_FOLDER."
)
@click.option("--no-files", "without_files", is_flag=True, help="The database alone.")
@click.option("--no-prove", "unproved", is_flag=True, help="Do not restore it aside.")
@click.option(
    "--prove", "given", type=click.Path(exists=True, path_type=Path), help="Make none: prove this archive or dump."
)
@click.option("--nightly", is_flag=True, help="What LLMIO_BACKUP_NIGHTLY says, then remove what is older than is kept.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def backup(
    *, folder: Path | None, without_files: bool, unproved: bool, given: Path | None, nightly: bool, as_json: bool
) -> None:
    """Write an archive of database and files as of one moment, and prove it.

    Proved means: it was restored into a database for the moment, with as many rows in each table, and every closed poll had the same
    result. The outcome stands in /admin and, with LLMIO_BACKUP_NIGHTLY, in /health. Exit code 1 where it failed, or a file is missing.
    """
    from llmio.continuity import backup as making

    with opened() as app:
        if nightly:
            lines = _nightly(app)
        elif given is not None:
            lines = {"proved": _prove(app, given)}
        else:
            made = _make(app, folder or making.folder_of(app.settings), files=not without_files)
            lines = _as_dict(made)
            if not unproved:
                lines["proved"] = _prove(app, made.path, made)
    if as_json:
        click.echo(json.dumps(lines, indent=1, ensure_ascii=False))
    else:
        _tell(lines)
    if lines.get("missing"):
        raise click.exceptions.Exit(1)


def _nightly(app: App) -> dict[str, object]:
    from llmio.continuity import backup as making
    from llmio.core.errors import Unavailable

    folder, wanted = making.folder_of(app.settings), app.settings["backups.nightly"]
    if wanted == "off":
        return {"off": True}
    if wanted == "prove":
        newest = max((one for one in folder.rglob("*") if one.is_file() and one.name[0] != "."),
                     key=lambda one: one.stat().st_mtime, default=None)  # fmt: skip
        if newest is None:
            _note(app, folder, 0, "there is no backup in the folder")
            raise Unavailable(f"There is no backup in {folder}.")
        return {"proved": _prove(app, newest)}
    made = _make(app, folder, files=app.settings.on("backups.files"))
    lines = _as_dict(made) | {"proved": _prove(app, made.path, made)}
    lines["removed"] = [path.name for path in making.tidy(folder, app.settings, made.made_at)]
    return lines


def _make(app: App, folder: Path, *, files: bool) -> Made:
    from llmio.continuity import backup as making

    try:
        made = making.make(app, app.settings.text("database.url"), folder, files=files)
    except Exception as error:
        _note(app, folder, 0, str(error))
        raise
    _note(app, made.path, made.size, "")
    return made


def _prove(app: App, path: Path, made: Made | None = None) -> dict[str, object]:
    from llmio.continuity import restore

    when = made.made_at if made else datetime.fromtimestamp(path.stat().st_mtime, UTC)
    size = path.stat().st_size
    try:
        proof = restore.prove(path, app.settings.text("database.url"))
    except Exception as error:
        _note(app, path, size, str(error), made_at=when)
        raise
    missing = "files are missing: " + "; ".join(made.missing[:5]) if made and made.missing else ""
    _note(app, path, size, missing, made_at=when, proved=True)
    return {"archive": str(path), "rows": proof.rows, "closed_polls": proof.closed_polls}


def _note(
    app: App, path: Path, size: int, fault: str, *, made_at: datetime | None = None, proved: bool = False
) -> None:
    """Write down what became of it: one row an archive."""
    from sqlalchemy import select

    from llmio.core.outbox import writable
    from llmio.upkeep.models import Backup

    with app.begin() as ctx:
        row = ctx.db.scalars(select(Backup).where(Backup.archive == str(path)).order_by(Backup.id.desc())).first()
        if row is None or not size:
            row = Backup(archive=str(path), size=size, made_at=made_at or ctx.now, fault="")
            ctx.db.add(row)
        row.size, row.fault = size, writable(fault)
        row.proved_at = ctx.now if proved else row.proved_at


def _as_dict(made: Made) -> dict[str, object]:
    return {"archive": str(made.path), "bytes": made.size, "files": made.files, "missing": made.missing}


def _tell(lines: dict[str, object]) -> None:
    if "off" in lines:
        click.echo("LLMIO_BACKUP_NIGHTLY is off: nothing was done.")
    if "archive" in lines:
        click.echo(f"Wrote {lines['archive']}: {lines['bytes']:,} bytes, {lines['files']:,} files.")
    for line in lines.get("missing") or ():  # type: ignore[attr-defined]  # a list
        click.echo(f"  missing: {line}", err=True)
    match lines.get("proved"):
        case {"rows": rows, "closed_polls": polls, "archive": path}:
            click.echo(f"Proved {path}: restored aside with {rows:,} rows; {polls:,} closed polls have their results.")
        case None if "archive" in lines:
            click.echo("Not proved: `llmio backup --prove ARCHIVE` does it.")
    for name in lines.get("removed") or ():  # type: ignore[attr-defined]  # likewise
        click.echo(f"Removed {name}, which is older than is kept.")
