"""The first reading of a dump: what it is, how much is in it, whether it can be adopted. Nothing is written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from llmio.continuity import archive, script
from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.migrations.facts import REFERENCE_VERSION

OLDEST_VERSION = "20250401000000"
"""Loomio v3.0 came in June 2025; its migrations are younger than this."""
NEEDED = frozenset({"users", "groups", "memberships", "discussions", "comments", "events", "polls", "stances"})
Say = Callable[[str, int, int], None]
"""Told how far it is: what is done now, how much of it, of how much."""


def silent(_what: str, _done: int, _total: int) -> None:
    """For those who do not want to know."""


@dataclass
class Looked:
    """What a dump holds: rows by table, the newest migration it knows, the numbers its sequences had come to."""

    path: Path
    digest: str
    version: str = ""
    versions: set[str] = field(default_factory=set)
    rows: dict[str, int] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.rows.values())


def look(path: Path, say: Say = silent) -> Looked:
    """Read a dump through; raises Invalid or Unavailable saying why it cannot be adopted, and what to do."""
    if path.is_dir():
        raise Invalid(_("{file} is a folder; a dump in one file is needed (pg_dump -Fc).", file=path.resolve().name))
    if archive.is_one(path):
        raise Invalid(
            _(
                "{file} is an archive of `llmio backup`: `llmio restore` takes it back. What is adopted is a dump of Loomio.",
                file=path.name,
            )
        )
    found = Looked(path, _digest(path, say))
    schemas: set[str] = set()
    with script.opened(path) as dump:
        for table in dump.tables():
            schemas.add(table.schema)
            if table.schema != "public":
                continue
            if table.name in found.rows:
                raise Invalid(
                    _("{file} holds table {table} of more than one database: make a dump of the one database that is Loomio's "
                      "(pg_dump, not pg_dumpall).", file=path.name, table=table.name)
                )  # fmt: skip
            count = 0
            for lines in table.pieces:
                count += len(lines)
                if table.name == "schema_migrations":
                    found.versions |= {line.split(b"\t")[0].strip().decode() for line in lines}
                say("reading", sum(found.rows.values()) + count, 0)
            found.rows[table.name] = found.rows.get(table.name, 0) + count
        found.sequences = dump.sequences
        if dump.inserts and not found.rows.keys() >= NEEDED:
            message = _(
                "{file} was made with --inserts: make one without that option, or with pg_dump -Fc.", file=path.name
            )
            raise Invalid(message)
    found.version = max(found.versions, default="")
    _refuse(found, schemas)
    return found


def _refuse(found: Looked, schemas: set[str]) -> None:
    file = found.path.name
    if "llmio" in schemas:
        raise Invalid(
            _("{file} is a dump of llmio itself: restore it with pg_restore (or `llmio restore`), then run "
              "`llmio db upgrade`.", file=file)
        )  # fmt: skip
    if not found.rows or not NEEDED & found.rows.keys():
        raise Invalid(_("{file} holds no tables of Loomio: is it the dump of another database?", file=file))
    if missing := sorted(NEEDED - found.rows.keys()):
        raise Invalid(
            _("{file} lacks the tables {list}: make a dump of the whole database, or copy the file again if it was cut off.",
              file=file, list=", ".join(missing))
        )  # fmt: skip
    if not found.version:
        raise Invalid(
            _("{file} does not say which version of Loomio it is of (schema_migrations is empty).", file=file)
        )
    if found.version > REFERENCE_VERSION:
        raise Invalid(
            _("{file} is of a newer Loomio (schema {version}) than llmio can adopt ({newest}, Loomio v3.0.18): use a dump made "
              "before that update, or wait for a newer llmio.", file=file, version=found.version, newest=REFERENCE_VERSION)
        )  # fmt: skip
    if found.version < OLDEST_VERSION:
        raise Invalid(
            _("{file} is of a Loomio older than v3.0 (schema {version}): update Loomio to v3.0.18 first, then make a new dump.",
              file=file, version=found.version)
        )  # fmt: skip


def _digest(path: Path, say: Say) -> str:
    made, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            made.update(piece)
            done += len(piece)
            say("checksum", done, size)
    return made.hexdigest()
