"""`llmio doctor`: looks at every part of the site and says what is wrong, why, and what to do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from llmio.cli.doctor.findings import Finding
    from llmio.cli.doctor.site import Site

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415

HEADINGS = {"error": "Errors", "warning": "Warnings", "note": "Notes"}
COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what is found as JSON.")
@click.option(
    "--only", "only", multiple=True, metavar="AREA", help="Look at this area alone; may be given several times."
)
@click.option(
    "--bundle",
    "bundle_path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write FILE (.tar.gz) for those who are asked for help: findings, versions, settings, queues, logs; no secrets.",
)
@click.option("--progress", is_flag=True, help="Say on standard error how far it is, a line for each area.")
def doctor(only: tuple[str, ...], bundle_path: Path | None, *, as_json: bool, progress: bool) -> None:
    """Look at every part of the site; say what is wrong, why, and what to do. Nothing is changed, no mail is sent.

    Areas: settings, database, redis, schema, jobs, clock, disk, mail, dns, storage, proxy, live, collab, push, backup, plugins, search.
    Run it where the site runs, with the same variables. Exit code 1 where an error is found; warnings and notes are no errors.
    """
    from llmio.cli.doctor import site as sites
    from llmio.cli.doctor.running import AREAS, examine

    if unknown := [name for name in only if name not in AREAS]:
        raise click.UsageError(f"There is no area {', '.join(unknown)}; there are {', '.join(AREAS)}.")
    site, fault = sites.opened(), ""
    try:
        findings = examine(site, only, say=_say if progress else _hush)
        if bundle_path is not None:
            fault = _bundle(bundle_path, site, findings)
    finally:
        site.close()
    if as_json:
        click.echo(json.dumps(as_dict(findings), indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(told(findings)))
    if fault:
        raise click.ClickException(fault)
    if any(one.severity == "error" for one in findings):
        raise click.exceptions.Exit(1)


def _say(done: int, total: int, name: str) -> None:
    click.echo(f"{done}/{total} {name}", err=True)


def _hush(_done: int, _total: int, _name: str) -> None:
    """Say nothing."""


def _bundle(path: Path, site: Site, findings: Sequence[Finding]) -> str:
    """Write it; why it could not be written, or nothing. What was found is worth saying all the same."""
    from llmio.cli.doctor import bundle

    try:
        names = bundle.write(path, site, findings)
    except OSError as error:
        return f"{path} cannot be written: {error.strerror or error}"
    click.echo(f"Wrote {path} ({', '.join(names)}). Look through it before you pass it on.", err=True)
    return ""


def as_dict(findings: Sequence[Finding]) -> dict[str, object]:
    """For JSON: stable, since programs read it."""
    from llmio import __version__

    return {
        "llmio": __version__,
        "ok": not any(one.severity == "error" for one in findings),
        "findings": [one.as_dict() for one in findings],
    }


def told(findings: Sequence[Finding]) -> list[str]:
    """For people: grouped by severity."""
    lines: list[str] = []
    for severity, heading in HEADINGS.items():
        these = [one for one in findings if one.severity == severity]
        if these:
            lines += [click.style(heading, bold=True, fg=COLOURS[severity])]
        for one in these:
            lines += [
                f"  {click.style(one.code, bold=True)}  {one.what}",
                f"      why: {one.cause}",
                f"      do:  {one.fix}",
            ]
    return lines or ["All is well."]
