"""`llmio audit`: check the log of administrators' acts."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from llmio.cli.opening import opened

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415


@click.group()
def audit() -> None:
    """Check the log of administrators' acts, which nobody can change unseen."""


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@click.option("--new", is_flag=True, help="Read only what follows the last row that a check found well.")
@click.option(
    "--head", default="", help="A row and its digest that you kept elsewhere, as 17:3f5a…: must be in the chain."
)
def verify(head: str, *, as_json: bool, new: bool) -> None:
    """Read the whole chain; names the first row that was changed, removed or cut off, and fails then.

    What came of it is kept and shown at /admin/audit, unless --head was given.
    """
    from llmio.admin.service import checks
    from llmio.core import audit as chain

    number, _colon, digest = head.partition(":")
    if head and not (number.isdecimal() and len(digest) == len(chain.FIRST)):
        raise click.BadParameter(
            "write it as ROW:DIGEST, such as 17:3f5a…, with all 64 letters of the digest", param_hint="--head"
        )
    if head and new:
        raise click.UsageError("--head asks about a row wherever it is: leave out --new.")
    with opened() as app:
        if head:
            with app.begin() as ctx:
                found = chain.verify(ctx.db, chain.anchors_of(app.settings) | {int(number): digest})
        else:
            found = checks.run(app, whole=not new, reach=_reached)
    if as_json:
        click.echo(json.dumps(asdict(found) | {"reason": found.reason}, indent=1))
    elif found.broken is None:
        click.echo(
            f"The log is whole: {found.rows} rows, {found.read} of them read, the last with digest {found.head}."
        )
    else:
        click.echo(f"Row {found.broken}: {found.reason}. The {max(found.broken - 1, 0)} rows before it are whole.")
    sys.exit(0 if found.broken is None else 1)


def _reached(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} of {total:,} rows", nl=False, err=True)
