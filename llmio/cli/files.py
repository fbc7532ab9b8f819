"""`llmio files`: check, move and sweep files; try a storage out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from llmio.cli.opening import opened

if TYPE_CHECKING:
    from llmio.files.moving import Moved

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415

FAILED = 1


@click.group()
def files() -> None:
    """Check, move and sweep files; try a storage out."""


@files.command()
@click.option("--from", "source", required=True, metavar="STORAGE", help="Where they are, such as local.")
@click.option("--to", "target", required=True, metavar="STORAGE", help="Where they go, such as amazon.")
@click.option("--dry-run", "dry", is_flag=True, help="Say how much there is, and move nothing.")
@click.option("--remove", is_flag=True, help="Remove each file from the old storage once it is safe in the new one.")
@click.option("--quiet", is_flag=True, help="Print faults and the end alone.")
def move(*, source: str, target: str, dry: bool, remove: bool, quiet: bool) -> None:
    """Move all files of a storage to another one, while the site runs.

    Each is copied, read back and held against its checksum; only then its row names the new storage. Stopped in the middle,
    it goes on when called again. Exit code 1 where some could not be moved.
    """
    from llmio.core import work
    from llmio.files.faults import in_words
    from llmio.files.moving import move as moving

    with opened() as app:
        if dry:
            would = next(moving(app, source, target, dry=True))
            click.echo(f"{would.files:,} files with {in_words(would.bytes)} would go from {source} to {target}.")
            return
        with work.reported(app, "files.move", f"Move files from {source} to {target}") as report:
            for reached in moving(app, source, target, remove=remove):
                report.reach(reached.done + reached.failed, reached.files)
                _show(reached, quiet=quiet)
            click.echo(f"Moved {reached.done:,} files with {in_words(reached.done_bytes)} from {source} to {target}.")
            if reached.failed:  # told within, so that the list of long work has it, too
                left = f"{reached.failed:,} of {reached.files:,} files could not be moved and stay in {source}"
                raise click.ClickException(f"{left}; why, each line above says.")


def _show(reached: Moved, *, quiet: bool) -> None:
    if reached.fault:
        click.echo(f"Not moved: {reached.fault}", err=True)
    elif not quiet and reached.files and (sys.stdout.isatty() or reached.done % 100 == 0):
        line = f"{100 * (reached.done + reached.failed) // reached.files:>3} %  {reached.done:,} of {reached.files:,}"
        click.echo(f"\r{line:<60}" if sys.stdout.isatty() else line, nl=not sys.stdout.isatty())


@files.command()
@click.option("--sums", is_flag=True, help="Read every file and hold it against its checksum; takes long.")
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as JSON.")
def check(*, sums: bool, as_json: bool) -> None:
    """Hold the database against what lies in the storages; exit code 1 where a file is missing or damaged."""
    from llmio.files import checking

    with opened() as app:
        found = list(checking.check(app, sums=sums))
    if as_json:
        click.echo(json.dumps([one.as_dict() for one in found], indent=2, ensure_ascii=False))
    else:
        for one in found:
            for line in _told(one):
                click.echo(line)
    if not all(one.well for one in found):
        raise click.exceptions.Exit(FAILED)


def _told(one: object) -> Iterator[str]:
    from llmio.files.checking import SHOWN, Checked
    from llmio.files.faults import in_words

    assert isinstance(one, Checked)  # noqa: S101  # for the type checker; the module is imported late
    if one.fault:
        yield f"{one.storage}: {one.fault}"
        return
    yield f"{one.storage}: {one.rows:,} files in the database, {one.listed:,} there."
    for words, which in (("missing", one.missing), ("damaged", one.damaged)):
        for text in which[:SHOWN]:
            yield f"  {words}: {text}"
        if len(which) > SHOWN:
            yield f"  … and {len(which) - SHOWN:,} more {words}"
    if one.without_row:
        yield (
            f"  {one.without_row:,} with {in_words(one.without_row_bytes)} belong to no file; "
            f"`llmio files sweep --storage {one.storage}` removes them"
        )


@files.command()
@click.option("--storage", metavar="STORAGE", help="Which one; without it: the one that takes new files.")
@click.option("--dry-run", "dry", is_flag=True, help="Say what would go, and remove nothing.")
@click.option("--force", is_flag=True, help="Also where most of what lies there belongs to no file.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def sweep(*, storage: str | None, dry: bool, force: bool, as_json: bool) -> None:
    """Remove what belongs to no file and is older than a day, and uploads that were never used or finished.

    With --storage also the old bytes of files that were moved from there, with or without --remove.
    """
    from llmio.files import checking, jobs
    from llmio.files.faults import in_words

    with opened() as app:
        unused = 0 if dry else jobs.purge_unused.run(app)
        found = checking.sweep(app, name=storage or "", dry=dry, force=force)
    if as_json:
        click.echo(json.dumps({**asdict(found), "unused": unused, "dry_run": dry}, indent=2))
        return
    verb = "would be removed" if dry else "removed"
    click.echo(f"{found.objects:,} with {in_words(found.bytes)} that belong to no file {verb} from {found.storage}.")
    if not dry:
        click.echo(f"{unused} uploads that nobody used and {found.unfinished} that never ended removed.")


@files.command()
@click.option("--storage", metavar="STORAGE", help="Which one; without it: the one that takes new files.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def test(*, storage: str | None, as_json: bool) -> None:
    """Write, read, sign, list and delete a small file, and say what is lacking; exit code 1 where something is."""
    from llmio.cli import probing
    from llmio.files import storages

    with opened() as app:
        one = storages.named(app, storage) if storage else storages.for_new_files(app)
        steps = []
        for step in probing.probe(one):
            steps.append(step)
            if not as_json:
                click.echo(f"{'ok    ' if step.ok else 'FAILED'}  {step.name:<12} {step.detail}".rstrip())
                if step.hint:
                    click.echo(f"        {step.hint}")
        key = one.backend.key
    well = all(step.ok for step in steps)
    if as_json:
        click.echo(json.dumps({"storage": key, "ok": well, "steps": [asdict(step) for step in steps]}, indent=2))
    elif well:
        click.echo(f"Storage {key} is well.")
    if not well:
        raise click.exceptions.Exit(FAILED)
