"""`llmio db adopt`: take over the database of the reference as it was restored, and say what was found and done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection

from llmio.core.errors import Unavailable
from llmio.core.i18n import _
from llmio.migrations import commands, facts
from llmio.migrations.adopt import holds_reference

COUNTED = ("groups", "users", "discussions", "comments", "polls", "stances", "active_storage_blobs")
"""Tables by which an operator recognizes what was restored."""

NOTED = text("""
INSERT INTO llmio.adoptions (source, digest, version, adopted_at, report)
SELECT 'a database restored by hand', '', :version, now(),
       jsonb_build_object('last_blob', (SELECT coalesce(max(id), 0) FROM public.active_storage_blobs))
""")
"""Which files came along: none of them is ever taken for unused."""


@dataclass(frozen=True)
class Adoption:
    """What was found (`version`, `rows`), whether it was adopted `before`, and what is there now."""

    version: str
    rows: Mapping[str, int]
    before: bool
    revision: str
    differences: tuple[str, ...]


def adopt(url: str) -> Adoption:
    """Add what llmio needs beside the reference's tables, and touch none of these. Doing it twice does no harm.

    Raises Unavailable where there is nothing to adopt, or what is there is of another version or not whole.
    """
    with commands.connected(url) as connection:
        before = commands.revision_of(connection)
        if not holds_reference(connection):
            message = _("There is nothing to adopt: the database holds no tables of the reference. "
                        "Restore a dump first, or make an empty database with llmio db upgrade.")  # fmt: skip
            raise Unavailable(message)
        counted = _rows(connection)
    commands.upgrade(url)
    with commands.connected(url) as connection:
        if before is None:
            connection.execute(NOTED, {"version": facts.REFERENCE_VERSION})
            connection.commit()
        after = _rows(connection)
        version = str(connection.scalar(text("SELECT max(version) FROM public.schema_migrations")))
    if after != counted:
        changed = ", ".join(
            f"{table}: {counted[table]} → {after[table]}" for table in counted if counted[table] != after[table]
        )
        raise Unavailable(
            _("Rows changed meanwhile ({list}): does something still write into this database?", list=changed)
        )
    return Adoption(version, after, before is not None, commands.head(), tuple(commands.check(url)))


def _rows(connection: Connection) -> dict[str, int]:
    return {
        table: int(connection.scalar(text(f'SELECT count(*) FROM public."{table}"')) or 0)  # our own names
        for table in COUNTED
    }
