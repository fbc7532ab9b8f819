"""`llmio audit`: check the log of administrators' acts."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415


@click.group()
def audit() -> None:
    """Check the log of administrators' acts, which nobody can change unseen."""


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@click.option(
    "--head", default="", help="A row and its digest that you kept elsewhere, as 17:3f5a…: must be in the chain."
)
def verify(head: str, *, as_json: bool) -> None:
    """Read the whole chain; names the first row that was changed, removed or cut off, and fails then."""
    from llmio import boot
    from llmio.core import audit as chain

    number, _colon, digest = head.partition(":")
    if head and not (number.isdecimal() and len(digest) == len(chain.FIRST)):
        raise click.BadParameter(
            "write it as ROW:DIGEST, such as 17:3f5a…, with all 64 letters of the digest", param_hint="--head"
        )
    app = boot.build()
    try:
        with app.begin() as ctx:
            anchors = chain.anchors_of(app.settings) | ({int(number): digest} if head else {})
            found = chain.verify(ctx.db, anchors)
    finally:
        app.engine.dispose()
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1))
    elif found.broken is None:
        click.echo(f"The log is whole: {found.rows} rows, the last with digest {found.head}.")
    else:
        click.echo(f"Row {found.broken}: {found.reason}. The {found.rows} rows before it are whole.")
    sys.exit(0 if found.broken is None else 1)
