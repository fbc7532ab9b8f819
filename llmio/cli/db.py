"""`llmio db`: bring the database up to date, adopt a restored one; say where it differs from what the code expects."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from llmio.cli.opening import NO_DATABASE, built
from llmio.core.declared import SETTINGS
from llmio.core.errors import Unavailable
from llmio.core.settings import load

if TYPE_CHECKING:
    from llmio.migrations.adoption import Adoption


@click.group()
def db() -> None:
    """Bring the database up to date; check it."""


@db.command()
@click.option(
    "--rehearse", "rehearsed", is_flag=True, help="Try it on a copy, say how long it takes, and remove the copy."
)
@click.option("--lock-timeout", metavar="TIME", help="How long a migration waits for a table that is in use; 5s.")
@click.option("--statement-timeout", metavar="TIME", help="How long a statement may take; 10min.")
@click.option("--force", is_flag=True, help="Also where a check speaks against it.")
def upgrade(*, rehearsed: bool, lock_timeout: str | None, statement_timeout: str | None, force: bool) -> None:
    """Bring the database to the state that this version needs, from that of any earlier version.

    Before, it looks at what speaks against it: a newer version, transactions that hold tables, a full disk, a database that takes no
    changes. Each migration is one transaction, one process migrates at a time. Stopped or killed, it goes on when called again; doing
    it twice does no harm. Exit code 1 with the reason where it cannot be done.
    """
    from llmio.migrations import commands  # noqa: PLC0415  # slow

    target = url()
    given = {"lock_timeout": lock_timeout, "statement_timeout": statement_timeout}
    timeouts = {name: value for name, value in given.items() if value}
    if rehearsed:
        _rehearse(target, timeouts)
        return
    before = commands.current(target)
    found = commands.reasons(target) if before != commands.head() else []
    if found and not force:
        raise Unavailable("\n".join(found))
    commands.upgrade(target, timeouts=timeouts)
    if before == commands.head():
        click.echo(f"The database is at revision {before} already.")
    else:
        click.echo(f"The database was brought from {before or 'nothing'} to {commands.head()}.")
    upgrade_plugins(timeouts)


def _rehearse(target: str, timeouts: dict[str, str]) -> None:
    """Say what came of it; exit code 1 where the copy is not as the code expects it."""
    from llmio.continuity import rehearsal  # noqa: PLC0415  # slow

    found = rehearsal.rehearse(target, timeouts=timeouts)
    click.echo(f"Copying the database took {found.copied:.1f} s.")
    click.echo(f"Upgrading the copy from {found.before or 'nothing'} to {found.after} took {found.upgraded:.1f} s.")
    click.echo("As many rows in schema public, and the same results of closed polls as before; the copy was removed.")
    for line in found.differences:
        click.echo(f"Afterwards: {line}", err=True)
    if found.differences:
        raise click.exceptions.Exit(1)


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def check(*, as_json: bool) -> None:
    """Compare the database with the reference's schema and with the models; exit code 1 where they differ."""
    from llmio.migrations import commands  # noqa: PLC0415  # slow

    differences = commands.check(url())
    if as_json:
        click.echo(json.dumps({"ok": not differences, "differences": differences}, indent=2))
    else:
        click.echo("\n".join(differences) or "The database is as the code expects it.")
    if differences:
        raise click.exceptions.Exit(1)


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was found and done as JSON.")
def adopt(*, as_json: bool) -> None:
    """Take over a restored database of the reference: say what is in it, and add what llmio needs beside it.

    The reference's tables are left as they are, so that a dump of schema public still goes back. Exit code 1 where there is
    nothing to adopt, or what is there is of another version or not whole: nothing is changed then.
    """
    from llmio.migrations import adoption  # noqa: PLC0415  # slow

    found = adoption.adopt(url())
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        click.echo("\n".join(_told(found)))
    upgrade_plugins()
    if found.differences:
        raise click.exceptions.Exit(1)


def _told(found: Adoption) -> Iterator[str]:
    held = ", ".join(
        f"{name.replace('active_storage_blobs', 'files')} {number:,}" for name, number in found.rows.items()
    )
    yield f"Found a database of the reference, version {found.version}: {held}."
    if found.before:
        yield f"It was adopted before; it is at revision {found.revision} now."
    else:
        yield f"Added schema llmio at revision {found.revision}; nothing in schema public was changed."
    yield from found.differences or ("The database is as the code expects it.",)
    if not found.before:
        yield "Next: `llmio search reindex`, so that what was written before is found; then start llmio."


def url() -> str:
    """The database named by the environment."""
    settings = load([setting for setting in SETTINGS if setting.key == "database.url"], {}, os.environ)
    for fault in settings.faults:
        raise Unavailable(str(fault))
    if not settings["database.url"]:
        raise Unavailable(NO_DATABASE)
    return settings.text("database.url")


def upgrade_plugins(timeouts: dict[str, str] | None = None) -> None:
    """Bring the tables of plugins up to date. One that fails is told and noted, but keeps the site from nothing."""
    from llmio.plugins import migrate  # noqa: PLC0415  # slow

    if not migrate.wanted():
        return
    app = built()
    try:
        failed = migrate.upgrade_all(app, timeouts)
    finally:
        app.engine.dispose()
    for name, error in failed.items():
        click.echo(f"The tables of plugin {name} could not be brought up to date: {error}", err=True)
