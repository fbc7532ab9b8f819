"""`llmio restore`: an archive of `llmio backup` into an empty database, with its files."""

from __future__ import annotations

from pathlib import Path

import click

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Replace all that is in the database now.")
@click.option("--no-files", "without_files", is_flag=True, help="The database alone.")
@click.option(
    "--storage", metavar="STORAGE", help="Put all files into this storage, such as local, wherever they were."
)
@click.option("--yes", is_flag=True, help="Do not ask before replacing.")
def restore(*, archive: Path, replace: bool, without_files: bool, storage: str | None, yes: bool) -> None:
    """Restore an ARCHIVE of `llmio backup` into an empty database; with --replace into one that is not.

    The archive is read through and checked first; the database is restored in one transaction, so that a fault or a kill leaves it as it
    was. Rows of each table and results of closed polls are held against what was backed up. Then the database is upgraded, where this
    version needs that, and files are put into their storages; called again it goes on with files. Stop web and worker before.
    """
    from llmio import boot
    from llmio.cli import db
    from llmio.continuity import restore as restoring
    from llmio.core.db import engine_for

    url = db.url()
    restoring.refuse_unless_empty(url, replace=replace)
    if replace and not yes:
        click.confirm("All that is in the database now is replaced. Go on?", abort=True)
    app = boot.build(engine=engine_for(url))
    try:
        done = restoring.restore(app, url, archive, files=not without_files, storage=storage)
    finally:
        app.engine.dispose()
    db.upgrade_plugins()
    click.echo(f"Restored {sum(done.rows.values()):,} rows; {done.closed_polls:,} closed polls have their results.")
    if not without_files:
        click.echo(f"Files: {done.written:,} written, {done.there:,} in their place already.")
    for fault in done.faults:
        click.echo(f"  not restored: {fault}", err=True)
    if done.faults:
        if not storage:
            click.echo("With --storage they can be put elsewhere, such as --storage local.", err=True)
        raise click.exceptions.Exit(1)
