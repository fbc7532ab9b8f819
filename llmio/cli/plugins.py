"""`llmio plugins`: list, check, switch and purge plugins."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from llmio.cli.bisect import bisect
from llmio.cli.opening import built
from llmio.core.errors import LlmioError

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.plugins.report import Line

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415


@click.group()
def plugins() -> None:
    """List, check and switch plugins."""


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print all that is known as JSON.")
def list_(*, as_json: bool) -> None:
    """Show every plugin that is installed, those at fault first."""
    with examined() as (_app, found, notes):
        if as_json:
            _print_json(found, notes)
            return
        for line in found:
            _print(line)
        for note in notes:
            click.echo(f"Note: {note}")


@plugins.command()
@click.option("--json", "as_json", is_flag=True, help="Print all that is known as JSON.")
@click.option("--traceback", is_flag=True, help="Show where each error arose.")
def check(*, as_json: bool, traceback: bool) -> None:
    """Load every plugin as the site would; exit code 1 where one is at fault."""
    with examined() as (_app, found, notes):
        wrong = [line for line in found if line.record.at_fault]
        if as_json:
            _print_json(found, notes)
        else:
            for line in wrong:
                _print(line, traceback=traceback)
            for note in notes:
                click.echo(f"Note: {note}")
            if not wrong:
                click.echo(f"All {len(found)} plugins are well.")
    if wrong:
        raise click.exceptions.Exit(1)


@plugins.command()
@click.argument("name")
def on(name: str) -> None:
    """Switch a plugin on, as the administrators' page does. Every process of the site follows within seconds."""
    _switch(name, on=True)


@plugins.command()
@click.argument("name")
def off(name: str) -> None:
    """Switch a plugin off, as the administrators' page does. Every process of the site follows within seconds."""
    _switch(name, on=False)


@plugins.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(name: str, *, yes: bool) -> None:
    """Delete all that a plugin keeps in the database, for good. What others keep is not touched."""
    from llmio.core import audit
    from llmio.core.context import OPERATOR
    from llmio.plugins import migrate

    with examined(database=True) as (app, found, _notes):
        known = any(line.record.name == name for line in found)
        with app.engine.begin() as connection:
            if not known and not migrate.exists(connection, name):
                raise click.UsageError(f"There is no plugin {name}, and it keeps nothing here.")
            kept = migrate.tables(connection, name)
            rows = ", ".join(f"{table} ({count} rows)" for table, count in kept.items()) or "no tables"
            if not yes:
                click.confirm(f"Plugin {name} keeps {rows}. Delete this for good?", abort=True)
            migrate.purge(connection, name)
        with app.begin(OPERATOR) as ctx:
            audit.note(ctx, "plugins.purge", key=name)
    click.echo(f"Deleted what plugin {name} kept: {rows}.")


plugins.add_command(bisect)


@contextmanager
def examined(*, database: bool = False) -> Iterator[tuple[App, list[Line], list[str]]]:
    """The App with every plugin loaded as the site would, the report, and what could not be looked at.

    Nothing is refused: what would keep the site from starting is just what one wants to see.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from llmio.plugins import report

    app = built(database=database)
    app.plugins.failures.keep = None
    notes = _try_pages(app)
    _try_commands(app)
    try:
        with app.begin() as ctx:
            found = report.lines(app, ctx.db)
    except SQLAlchemyError as error:
        if database:
            raise
        notes.append(f"the database cannot be asked for switches and failures: {str(error).strip().splitlines()[0]}")
        found = report.lines(app, None)
    try:
        yield app, found, notes
    finally:
        app.engine.dispose()


def _try_pages(app: App) -> list[str]:
    """Add the pages of all plugins, as the web server does: some faults show only then."""
    from llmio import web

    try:
        web.assemble(app)
    except LlmioError as error:
        return [f"pages were not tried: {error}"]
    return []


def _try_commands(app: App) -> None:
    """Have every plugin name its commands, as `llmio x` does."""
    for one in app.plugins.implementing("llmio_commands"):
        try:
            one(group=click.Group(one.plugin))
        except (Exception, SystemExit) as error:  # noqa: BLE001  # plugin code
            app.plugins.set_aside(one.plugin, one.hook, error)


def _switch(name: str, *, on: bool) -> None:
    from llmio.plugins import store

    with examined(database=True) as (app, found, _notes):
        line = next((one for one in found if one.record.name == name and one.record.module), None)
        if line is None:
            raise click.UsageError(f"There is no plugin {name}.")
        if line.held_by:
            raise click.UsageError(f"{line.held_by} decides about plugin {name}; change it there.")
        with app.begin() as ctx:
            store.switch(ctx, name, on=on)
    click.echo(f"Plugin {name} is switched {'on' if on else 'off'}; every process of the site follows within seconds.")


def _print(line: Line, *, traceback: bool = False) -> None:
    record = line.record
    origin = "built in" if record.built_in else f"{record.distribution} {record.version}".strip()
    why = (
        f" by {'an administrator' if record.switched_by == 'page' else record.switched_by}"
        if record.switched_by
        else ""
    )
    click.echo(f"{record.name:<28} {record.state}{why}  ({origin or 'not installed'})")
    for text in (record.title and f"{record.title}. {record.summary}", _offers(line), record.error):
        if text:
            click.echo(f"    {text}")
    if traceback and record.traceback:
        click.echo(_indented(record.traceback))
    for failure in line.failures:
        click.echo(
            f"    failed {failure.count} × at {failure.where}: {failure.error} (last {failure.last_at:%Y-%m-%d %H:%M} UTC)"
        )
    if line.waits:
        click.echo(f"    switched {'on' if line.on else 'off'}; takes effect when the site starts again")


def _offers(line: Line) -> str:
    return "; ".join(f"{kind.replace('_', ' ')}: {', '.join(keys)}" for kind, keys in line.record.offers.items())


def _indented(text: str) -> str:
    return "\n".join(f"      {one}" for one in text.rstrip().splitlines())


def _print_json(found: Sequence[Line], notes: Sequence[str]) -> None:
    from llmio.plugins import report

    shown: dict[str, Any] = report.as_dict(found, notes)
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
