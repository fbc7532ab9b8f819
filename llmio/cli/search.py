"""`llmio search`: build the search index anew while people search, and say in what state it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from llmio.cli.opening import opened

if TYPE_CHECKING:
    from llmio.search.building import Progress

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415


@click.group()
def search() -> None:
    """Build the search index anew; see in what state it is."""


@search.command()
@click.option("--restart", is_flag=True, help="Begin from the start, even if one that was stopped could go on.")
@click.option("--quiet", is_flag=True, help="Print the end alone.")
def reindex(*, restart: bool, quiet: bool) -> None:
    """Build the index of the search provider in use. People go on searching meanwhile; one that was stopped goes on."""
    from llmio.core import work
    from llmio.search import building, jobs

    with opened() as app, work.reported(app, jobs.REINDEX, str(jobs.TITLE)) as report:
        last: Progress | None = None
        for reached in building.build(app, restart=restart):
            if last is None and reached.resumed:
                click.echo(f"Going on with what was begun at {reached.started_at:%Y-%m-%d %H:%M} UTC.")
            if not quiet and (last is None or reached.percent != last.percent or reached.phase != last.phase):
                _show(reached)
            report.reach(reached.done, reached.total, reached.phase)
            last = reached
        if last is not None:
            seconds = (last.updated_at - last.started_at).total_seconds()
            click.echo(f"The index of {last.provider} is built: looked at {last.done:,} records in {seconds:.0f} s.")


@search.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def status(*, as_json: bool) -> None:
    """Say which search provider is in use, what its index holds, and how far the last building of it came."""
    from llmio.search import building

    with opened() as app, app.begin() as ctx:
        found = building.status(ctx)
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    for line in _told(found):
        click.echo(line)


def _told(found: dict[str, Any]) -> Iterator[str]:
    yield f"Provider   {found['provider']}"
    held = "unknown" if found["documents"] is None else f"{found['documents']:,}"
    yield f"Documents  {held} of {found['records']:,} records (not every record may be found)"
    yield f"Waiting    {found['waiting']:,} changes"
    build = found["build"]
    if build is None:
        yield "Built      never as a whole; `llmio search reindex` does it"
    elif build["finished_at"]:
        yield f"Built      {build['finished_at']}"
    else:
        yield f"Building   {build['percent']} % done, last step {build['updated_at']}; `llmio search reindex` goes on"


def _show(reached: Progress) -> None:
    line = f"{reached.percent:>3} %  {reached.done:,} of about {reached.total:,}  {reached.phase}"
    if sys.stdout.isatty():
        click.echo(f"\r{line:<72}", nl=reached.finished_at is not None)
    else:
        click.echo(line)
