"""Restoring a backup, and proving that it could be: aside, into a database for the moment, held against what was counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from psycopg import Connection, sql
from sqlalchemy import update
from sqlalchemy.exc import ProgrammingError

from llmio.continuity import archive, programs, scratch, script, totals
from llmio.continuity.looking import Say, silent
from llmio.core.app import App
from llmio.core.errors import Conflict, Invalid, LlmioError, Unavailable
from llmio.core.i18n import _
from llmio.files import storages
from llmio.files.faults import told_operators as told
from llmio.files.models import Blob
from llmio.migrations import commands, facts
from llmio.migrations.adopt import create_extensions
from llmio.plugins import is_key

OURS = "n.nspname IN ('public', 'llmio') OR n.nspname LIKE 'plugin\\_%%'"
SCHEMAS = r"SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$|public$)'"
LEFT_OUT = re.compile(rb"CREATE EXTENSION |COMMENT ON EXTENSION |CREATE SCHEMA public;|COMMENT ON SCHEMA public ")
"""Extensions are made beforehand, as far as the role may; the rest needs rights that nothing else here needs."""


@dataclass
class Restored:
    """What was restored: rows by table, closed polls, and files by what became of them."""

    rows: dict[str, int]
    closed_polls: int
    written: int = 0
    there: int = 0
    faults: list[str] = field(default_factory=list)


def refuse_unless_empty(url: str, *, replace: bool) -> None:
    """Raise Conflict where the database holds rows, unless they are to be replaced."""
    if replace:
        return
    with scratch.connect(url) as connection:
        for schema, table in _tables(connection):
            if table in facts.BOOKKEEPING or table == "alembic_version":
                continue
            query = sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(schema, table))
            if schema == "public" and connection.execute(query).fetchone():
                raise Conflict(
                    _("The database is not empty (rows in {table}). Restore into an empty one (createdb NAME), or say --replace "
                      "to have everything in it replaced.", table=table)
                )  # fmt: skip


def _tables(connection: Connection[Any]) -> list[tuple[str, str]]:
    query = f"""SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND ({OURS.replace("%%", "%")}) AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e') ORDER BY 1, 2"""
    return connection.execute(query.encode()).fetchall()


def database(url: str, plain: IO[bytes]) -> None:
    """Replace what is in the database by a dump in plain form, in one transaction: all of it or nothing."""
    with commands.connected(url) as connection:
        create_extensions(connection)
        connection.commit()
    with scratch.connect(url) as connection:
        drops = [sql.SQL("DROP TABLE IF EXISTS {} CASCADE;\n").format(sql.Identifier(*one)).as_string(connection)
                 for one in _tables(connection) if one[0] == "public"]  # fmt: skip
        schemas = [row[0] for row in connection.execute(SCHEMAS)]
        drops += [
            sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE;\n").format(sql.Identifier(one)).as_string(connection)
            for one in schemas
        ]
    target, environment = programs.address(url)
    command = [programs.program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null",
               "--no-password", f"--dbname={target}"]  # fmt: skip
    with programs.input(command, environment) as sink:
        # Not by `--single-transaction`: that commits at the end of its input, also when we were killed in the middle.
        sink.write(b"BEGIN;\nSET LOCAL lock_timeout = '10s';\n" + "".join(drops).encode())
        sink.writelines(_wanted(plain))
        sink.write(b"COMMIT;\n")


def _wanted(plain: IO[bytes]) -> Iterator[bytes]:
    """The script without what is left out; rows are not looked at."""
    rows = False
    while lines := plain.readlines(script.PIECE):
        if rows and script.END_OF_ROWS not in lines:
            yield from lines
            continue
        for line in lines:
            if rows:
                rows = line != script.END_OF_ROWS
            elif LEFT_OUT.match(line):
                continue
            else:
                rows = script.COPY.fullmatch(line) is not None
            yield line


@contextmanager
def plain_of(path: Path) -> Iterator[IO[bytes]]:
    """The dump within an archive, in plain form."""
    command = [programs.program("pg_restore"), "--no-owner", "--no-privileges", "--file=-"]
    environment = programs.address("postgresql://")[1]
    with archive.reading(path) as found:
        pieces = (
            part
            for name, stream, _size in found.members
            if name.startswith(archive.DATABASE)
            for part in iter(lambda stream=stream: stream.read(1 << 20), b"")  # type: ignore[misc]  # a lambda with a default
        )
        with script.fed(command, environment, storages.reader(pieces)) as plain:
            yield plain


def restore(
    app: App, url: str, path: Path, *, files: bool = True, storage: str | None = None, say: Say = silent
) -> Restored:
    """Put an archive into the database, then its files into their storages, or all into one; `refuse_unless_empty` was asked before.

    The archive is read through and checked first. Raises LlmioError where it cannot be restored; the database is then as before.
    """
    manifest = archive.verify(path, say)
    _refuse_newer(manifest)
    if storage:
        storages.named(app, storage)  # raises Unavailable before anything is done
    say("database", 0, 0)
    with plain_of(path) as plain:
        database(url, plain)
    with scratch.connect(url) as connection:
        done = Restored(*_compared(connection, manifest))
    commands.upgrade(url)
    if files and manifest.files:
        _files(app, path, done, say, into=storage)
    return done


def _refuse_newer(manifest: archive.Manifest) -> None:
    if manifest.revision and manifest.revision not in commands.revisions():
        raise Invalid(
            _(
                "The archive is of a newer llmio (revision {revision}): install at least that version.",
                revision=manifest.revision,
            )
        )


def _compared(connection: Connection[Any], manifest: archive.Manifest) -> tuple[dict[str, int], int]:
    """Rows and closed polls; raises Unavailable where they are not those that were counted for the manifest."""
    rows = totals.rows(connection)
    wrong = [
        f"{name}: {number:,} → {rows.get(name, 0):,}"
        for name, number in manifest.rows.items()
        if rows.get(name, 0) != number
    ]
    if wrong:
        raise Unavailable(_("Tables do not have the rows that were backed up: {list}", list="; ".join(wrong[:10])))
    closed, digest = totals.digests(connection)
    if (closed, digest) != (manifest.closed_polls, manifest.results):
        raise Unavailable(_("Results of closed polls are not those that were backed up."))
    return rows, closed


def _files(app: App, path: Path, done: Restored, say: Say, *, into: str | None) -> None:
    with archive.reading(path) as found:
        for name, stream, size in found.members:
            if not name.startswith(archive.FILES):
                continue
            service, _slash, key = name.removeprefix(archive.FILES).partition("/")
            if not is_key(key):
                continue
            try:
                storage = storages.named(app, into or service)
                if storage.exists(key) and storage.size(key) == size:
                    done.there += 1
                else:
                    storage.save(key, stream)
                    done.written += 1
                if storage.backend.key != service:
                    _repoint(app, key, service, storage.backend.key)
            except LlmioError as error:
                done.faults.append(f"{service}/{key}: {told(error)}")
            say("files", done.written + done.there, 0)


def _repoint(app: App, key: str, old: str, new: str) -> None:
    with app.begin() as ctx:
        here = (Blob.key == key) & (Blob.service_name == old)
        ctx.db.execute(update(Blob).where(here).values(service_name=new).execution_options(synchronize_session=False))


# --- proofs ---


@dataclass
class Proof:
    """A backup that was restored aside: rows in all, closed polls with their results."""

    rows: int
    closed_polls: int


def prove(path: Path, url: str | None, *, say: Say = silent) -> Proof:
    """Restore an archive, or a dump that another program made, aside, and hold it against what it should hold.

    An archive is held against its manifest and checksums; a dump against the live database: polls that are closed in both must
    have the same results. Raises LlmioError saying what is wrong.
    """
    with scratch.database(url) as aside:
        if path.name.endswith(".tar") and _is_archive(path):
            manifest = archive.verify(path, say)
            say("restoring aside", 0, 0)
            with plain_of(path) as plain:
                database(aside, plain)
            with scratch.connect(aside) as connection:
                rows, closed = _compared(connection, manifest)
            return Proof(sum(rows.values()), closed)
        say("restoring aside", 0, 0)
        with script.opened(path, whole=True) as dump:
            database(aside, dump.stream)
        return _held_against(aside, url)


def _is_archive(path: Path) -> bool:
    try:
        with archive.reading(path):
            return True
    except Invalid:
        return False


def _held_against(aside: str, url: str | None) -> Proof:
    try:
        revision = commands.current(aside)
    except ProgrammingError:
        revision = None
    if revision is None:
        raise Invalid(
            _(
                "Schema llmio is not in the backup: take --schema=public out of the options of pg_dump (POSTGRES_EXTRA_OPTS)."
            )
        )
    with scratch.connect(aside) as connection:
        there = dict(totals.results(connection))
        rows = totals.rows(connection)
    if url is not None:
        with scratch.connect(url) as connection:
            here = dict(totals.results(connection))
        wrong = sorted(poll for poll in there.keys() & here.keys() if there[poll] != here[poll])
        if wrong:
            told = json.dumps(wrong[:10])
            raise Unavailable(_("Closed polls have other results in the backup than here: {list}", list=told))
    return Proof(sum(rows.values()), len(there))
