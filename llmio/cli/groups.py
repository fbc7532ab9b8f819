"""`llmio groups`: import groups that were exported from another site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from llmio.cli.opening import opened

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415

FAILED = 1
SHOWN = 50


@click.group()
def groups() -> None:
    """Import groups from another site."""


@groups.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--again", is_flag=True, help="Make a second copy of a group that was imported before.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
def import_(file: Path, *, again: bool, as_json: bool) -> None:
    """Import a group from a FILE of JSON lines, as an admin of a group exports it here or on a Loomio site.

    People are found by their address; who has no account here gets one that is not confirmed. Nobody gets a mail. Files are
    fetched by jobs. Exit code 1 where some lines could not be read, or no group was in the file.
    """
    from llmio.core import work
    from llmio.core.context import OPERATOR
    from llmio.upkeep.service import imports

    with (
        opened() as app,
        work.reported(app, imports.KIND, f"Import of {file.name}") as report,
        app.begin(OPERATOR) as ctx,
        file.open("rb") as stream,
    ):
        one = imports.run(ctx, imports.note(ctx, filename=file.name, again=again), stream, report)
        report.result(f"/admin/imports/{one.id}")
        found = {"outcome": one.outcome, "group_id": one.group_id, **one.report}
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        for line in _told(found):
            click.echo(line)
        for fault in found["faults"][:SHOWN]:
            click.echo(f"Line {fault['line']}: {fault['why']}", err=True)
        if found["faults_count"] > SHOWN:
            click.echo(f"… and {found['faults_count'] - SHOWN:,} more; see /admin/imports.", err=True)
    if found["faults_count"] or found["outcome"] == imports.Outcome.NOTHING:
        raise click.exceptions.Exit(FAILED)


def _told(found: dict[str, Any]) -> Iterator[str]:
    if found["outcome"] == "there":
        yield "This group was imported before; nothing was changed. --again makes a second copy."
        return
    if found["outcome"] == "nothing":
        yield "No group could be read from this file; nothing was changed."
        return
    for table, count in found["came"].items():
        yield f"{count:>8,}  {table}"
    yield f"{found['people_found']:,} people had an account here, {found['people_made']:,} got one."
    yield f"{found['files']:,} files are fetched by jobs from where they lie: /admin/imports says which came, and why others did not."
    for one in found["renamed"][:SHOWN]:
        yield f"Named anew: {one['old']} is {one['new']} here."
