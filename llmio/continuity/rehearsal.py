"""An upgrade tried on a copy of the database: how long it takes, and whether anything of the reference's changes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from llmio.continuity import programs, restore, scratch, totals
from llmio.continuity.looking import Say, silent
from llmio.core.errors import Unavailable
from llmio.core.i18n import _
from llmio.migrations import commands


@dataclass(frozen=True)
class Rehearsal:
    """What came of it: revisions before and after, seconds for copying and upgrading, what `llmio db check` then says."""

    before: str | None
    after: str
    copied: float
    upgraded: float
    differences: tuple[str, ...]


def rehearse(url: str, say: Say = silent, *, timeouts: Mapping[str, str] | None = None) -> Rehearsal:
    """Copy the database as of this moment, upgrade the copy, look at it, remove it. The database itself is only read.

    Raises Unavailable where the upgrade fails, or rows or results of closed polls are not what they were.
    """
    with scratch.database(url) as aside:
        began = time.monotonic()
        say("copying", 0, 0)
        _copy(url, aside)
        copied = time.monotonic() - began
        before, was = commands.current(aside), _state(aside)
        began = time.monotonic()
        say("upgrading", 0, 0)
        commands.upgrade(aside, timeouts=timeouts)
        upgraded = time.monotonic() - began
        if _state(aside) != was:
            raise Unavailable(
                _("The upgrade changed rows of the reference's tables: this is a fault, please report it.")
            )
        return Rehearsal(before, commands.head(), copied, upgraded, tuple(commands.check(aside)))


def _copy(url: str, aside: str) -> None:
    with scratch.connect(url) as connection:
        row = connection.execute("SELECT current_setting('server_version_num')::int / 10000").fetchone()
    target, environment = programs.address(url)
    command = [
        programs.program("pg_dump", at_least=row[0] if row else 0),
        "--no-owner",
        "--no-privileges",
        f"--dbname={target}",
    ]
    with programs.output(command, environment) as plain:
        restore.database(aside, plain)


def _state(url: str) -> object:
    with scratch.connect(url) as connection:
        rows = {name: number for name, number in totals.rows(connection).items() if name.startswith("public.")}
        exists = connection.execute("SELECT to_regclass('public.polls')").fetchone()
        return rows, totals.digests(connection) if exists and exists[0] else None
