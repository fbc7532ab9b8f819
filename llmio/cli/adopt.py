"""`llmio adopt`: a dump of the reference into an empty database, with its files."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llmio.cli.opening import built

if TYPE_CHECKING:
    from llmio.continuity.adopting import Report
    from llmio.continuity.looking import Looked, Say
    from llmio.core.app import App

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415

SHOWN = 20


@click.command()
@click.argument("dump", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--files",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The reference's storage folder, to take files from.",
)
@click.option("--dry-run", "dry", is_flag=True, help="Try it in a database of its own, which is removed; report.")
@click.option("--all", "everything", is_flag=True, help="List every table, poll and malformed row.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", is_flag=True, help="No progress.")
def adopt(*, dump: Path, folder: Path | None, dry: bool, everything: bool, as_json: bool, quiet: bool) -> None:
    """Take over a DUMP of Loomio (pg_dump custom, tar or plain, also gzipped) into an empty database.

    All of it or nothing: whatever stops it, the database is as empty as before, and it can be called again. Rows per table and
    totals of each poll are compared. Malformed rows are mended or set aside, listed, and kept in llmio.adoption_findings.
    Called twice it changes nothing; files and threads that were left over are seen to. Exit code 1 where files are missing.
    """
    from llmio.continuity import looking

    say = _silent if quiet or as_json else _Progress()
    looked = looking.look(dump, say)
    if not as_json:
        click.echo(
            f"{dump.name} is of Loomio's schema {looked.version}: {looked.total:,} rows in {len(looked.rows)} tables."
        )
    report = _rehearsed(looked, folder, say) if dry else _done(looked, folder, say)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=1, ensure_ascii=False, default=str))
    else:
        for line in _told(report, dry=dry, shown=sys.maxsize if everything else SHOWN):
            click.echo(line)
    if report.files.get("faults"):
        raise click.exceptions.Exit(1)


def _silent(_what: str, _done: int, _total: int) -> None:
    return


class _Progress:
    """A line that changes on a terminal, one in ten seconds elsewhere."""

    def __init__(self) -> None:
        self.last = 0.0
        self.every = 0.2 if sys.stderr.isatty() else 10.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if time.monotonic() - self.last < self.every:
            return
        self.last = time.monotonic()
        percent = f"{100 * done // total:>3} %  " if total else ""
        line = f"{percent}{what} {done:,}" + (f" of {total:,}" if total else "")
        click.echo(f"\r{line:<70}\r" if sys.stderr.isatty() else line, nl=not sys.stderr.isatty(), err=True)


def _done(looked: Looked, folder: Path | None, say: Say) -> Report:
    from llmio.cli import db
    from llmio.continuity import adopting

    url = db.url()
    if adopting.state_of(url, looked.digest):
        report = adopting.Report(looked.path.name, looked.version, before=True)
    else:
        report = adopting.adopt(url, looked, _kinds(), say)
    db.upgrade_plugins()
    _follow(url, folder, report, say)
    return report


def _rehearsed(looked: Looked, folder: Path | None, say: Say) -> Report:
    """The same in a database for the moment; files are looked for, and stay where they are."""
    from llmio.cli import db
    from llmio.continuity import adopting, scratch
    from llmio.core.errors import Unavailable

    try:
        beside: str | None = db.url()
    except Unavailable:
        beside = None
    with scratch.database(beside) as url:
        report = adopting.adopt(url, looked, _kinds(), say)
        _follow(url, folder, report, say, dry=True)
    return report


def _follow(url: str, folder: Path | None, report: Report, say: Say, *, dry: bool = False) -> None:
    from llmio.continuity import adopting, following

    with _app(url) as app:
        following.put_in_order(app, say)
        if folder is not None:
            report.files = following.place(app, folder, say, dry=dry).as_dict()
        following.index(app)
    if not report.before:
        report.findings = adopting.findings(url)


def _kinds() -> list[str]:
    """The kinds of polls that plugins here know; the database is not asked."""
    app = built(database=False)
    app.engine.dispose()
    return list(app.plugins.poll_types)


@contextmanager
def _app(url: str) -> Iterator[App]:
    from llmio import boot
    from llmio.core.db import engine_for

    app = boot.build(engine=engine_for(url))
    try:
        yield app
    finally:
        app.engine.dispose()


def _told(report: Report, *, dry: bool, shown: int) -> Iterator[str]:
    if report.before:
        yield "This dump was adopted before; nothing was changed."
    else:
        yield from _tables(report, shown)
        yield from _polls(report, shown)
        yield from _some("Malformed rows, all kept as they came in llmio.adoption_findings", shown, [
            f"  {one['table']} {one['row']}: {one['what']} — {one['done']}" for one in report.findings
        ])  # fmt: skip
        yield from _some("Not known here", shown, [f"  {one}" for one in report.unknown])
        yield from _some("Files of before Active Storage, which Loomio no longer showed; their rows stay (see the page on moving)", shown, [
            f"  {one}" for one in report.old_files
        ])  # fmt: skip
    if report.files:
        yield from _files(report, dry=dry)
    if dry:
        yield f"A dry run of {report.seconds:.0f} s: it could be adopted as shown; nothing was changed."
    elif not report.before:
        yield f"Adopted in {report.seconds:.0f} s. The search index is built by the worker: start llmio now."


def _tables(report: Report, shown: int) -> Iterator[str]:
    held = [(name, row) for name, row in report.tables.items() if row["dump"] or row["now"]]
    held.sort(key=lambda one: -one[1]["dump"])
    yield f"{'Table':<32}{'in the dump':>14}{'set aside':>12}{'added':>8}{'now':>14}"
    for name, row in held[:shown]:
        yield f"{name:<32}{row['dump']:>14,}{row['set_aside']:>12,}{row['added']:>8,}{row['now']:>14,}"
    if len(held) > shown:
        yield f"… and {len(held) - shown} more tables (--all)"


def _polls(report: Report, shown: int) -> Iterator[str]:
    yield f"{'Poll':<12}{'':<30}{'published':>10}{'before':>16}{'now':>16}"
    for one in report.polls[:shown]:
        before, now = (f"{score} in {votes} votes" for score, votes in (one["before"], one["after"]))
        yield f"{one['key'] or '':<12}{one['title'][:28]:<30}{one['published']:>10}{before:>16}{now:>16}"
    if len(report.polls) > shown:
        yield f"… and {len(report.polls) - shown} more polls, each the same before and now (--all)"


def _some(title: str, shown: int, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{title}: {len(lines):,}"
        yield from lines[:shown]
    if len(lines) > shown:
        yield f"  … and {len(lines) - shown:,} more (--all, --json)"


def _files(report: Report, *, dry: bool) -> Iterator[str]:
    found = report.files
    copied = "to copy" if dry else "copied"
    yield f"Files: {found['rows']:,}; {found['copied']:,} {copied}, {found['there']:,} in their place already."
    for storage, number in found["elsewhere"].items():
        yield f"  {number:,} lie in storage {storage}: `llmio files check` looks there."
    yield from _some("Files that are missing or damaged", SHOWN, [f"  {one}" for one in found["faults"]])
