"""`llmio adopt`: a dump of the reference into an empty database, all of it or nothing, with a report of what was found.

Everything happens in one transaction: whatever ends it in the middle (a fault, a kill, a full disk) leaves the database as empty
as it was. Only what can be done again without harm (threads put in order, files, search index) comes after it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from psycopg import Connection
from psycopg.errors import DiskFull, LockNotAvailable

from llmio.accounts import zones as accepted
from llmio.continuity import finishing, leftovers, rules, script, shapes, totals, zones
from llmio.continuity.loading import Finding, Loaded, Loader
from llmio.continuity.looking import Looked, Say, silent
from llmio.continuity.scratch import connect
from llmio.continuity.totals import Total
from llmio.core.errors import Conflict, Unavailable
from llmio.core.i18n import _
from llmio.migrations import commands, facts

MEMORY = (
    "SET LOCAL work_mem = '64MB'",
    "SET LOCAL maintenance_work_mem = '256MB'",
    "SET LOCAL synchronous_commit = off",
)
LOCK = 0x11A0_00AD
DROPPED = frozenset({"poll_unsubscriptions"})
"""Tables that the reference's own updates drop on the way to the version that is adopted."""


@dataclass
class Report:
    """What was found and done: rows by table, totals by poll, what was malformed, what is unknown here."""

    source: str
    version: str
    tables: dict[str, dict[str, int]] = field(default_factory=dict)
    polls: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    old_files: list[str] = field(default_factory=list)
    seconds: float = 0.0
    before: bool = False
    files: dict[str, Any] = field(default_factory=dict)
    last_blob: int = 0
    """The last of the files that came along: none of them is ever taken for unused."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def state_of(url: str, digest: str) -> bool:
    """Whether this very dump was adopted here; raises Conflict where the database is not empty otherwise."""
    with connect(url) as connection:
        tables = {row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        marked = connection.execute("SELECT to_regclass('llmio.adoptions')").fetchone()
        if marked and marked[0]:
            found = connection.execute("SELECT digest, source FROM llmio.adoptions ORDER BY id").fetchall()
            if digest in {row[0] for row in found}:
                return True
            if found:
                raise Conflict(
                    _("This database has adopted {file} already. Use an empty database (createdb) for another dump.",
                      file=found[-1][1])
                )  # fmt: skip
        held = [
            name
            for name in sorted(tables & facts.reference().tables - set(facts.BOOKKEEPING))
            if _any(connection, name)
        ]
    if held:
        raise Conflict(
            _("The database is not empty (rows in {list}). Adopt into an empty one: createdb NAME, and name it in DATABASE_URL. "
              "For a database that was restored by hand there is `llmio db adopt`.", list=", ".join(held[:5]))
        )  # fmt: skip
    return False


def findings(url: str) -> list[dict[str, str]]:
    """What was malformed, by table."""
    query = "SELECT table_name, row_id, what, done FROM llmio.adoption_findings ORDER BY table_name, id"
    with connect(url) as connection:
        return [dict(zip(("table", "row", "what", "done"), row, strict=True)) for row in connection.execute(query)]


def _any(connection: Connection[Any], table: str) -> bool:
    return connection.execute(f'SELECT 1 FROM public."{table}" LIMIT 1'.encode()).fetchone() is not None


def adopt(url: str, looked: Looked, kinds: Sequence[str], say: Say = silent) -> Report:
    """Take a dump over, into a database that `state_of` called empty. `kinds` are the kinds of polls that plugins here know.

    Raises LlmioError where something stands against it; nothing is left behind then.
    """
    began = time.monotonic()
    commands.upgrade(url)
    report = Report(looked.path.name, looked.version)
    with connect(url) as connection:
        try:
            _in_one(connection, looked, kinds, report, say)
            report.seconds = round(time.monotonic() - began, 1)
            connection.execute(
                "INSERT INTO llmio.adoptions (source, digest, version, adopted_at, report) VALUES (%s, %s, %s, now(), %s)",
                (looked.path.name, looked.digest, looked.version, json.dumps(report.as_dict())),
            )
        except LockNotAvailable as error:
            raise Unavailable(
                _("Something else works in this database: stop llmio's processes and try again. Nothing was changed.")
            ) from error
        except DiskFull as error:
            raise Unavailable(
                _("The disk of the database server is full ({why}): make room and try again. Nothing was changed.",
                  why=error.diag.message_primary or "")
            ) from error  # fmt: skip
    with connect(url, autocommit=True) as connection:
        say("statistics", 0, 1)
        connection.execute("ANALYZE")
    return report


def _in_one(connection: Connection[Any], looked: Looked, kinds: Sequence[str], report: Report, say: Say) -> None:
    expected = facts.reference()
    connection.execute("SET LOCAL lock_timeout = '5s'")
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    for statement in MEMORY:
        connection.execute(statement.encode())
    names = ", ".join(f'public."{name}"' for name in sorted(expected.tables))
    connection.execute(f"TRUNCATE {names} CASCADE".encode())
    connection.execute("SET LOCAL lock_timeout = 0")
    taken = finishing.Taken(connection)
    taken.drop()
    read = _load(connection, looked, report, expected, say)
    say("checking", 0, 3)
    connection.execute("ANALYZE")
    _apply(connection, list(rules.values(expected, _broken_zones(connection))), {})
    before = {one.id: one for one in totals.count(connection)}
    added, aside = _mend(connection, kinds)
    say("checking", 2, 3)
    taken.put_back(expected, aside, say)
    _apply(connection, list(shapes.parts(expected)), {})  # with the indexes: these look other rows up
    finishing.set_sequences(connection, looked.sequences)
    lagging, _changed = finishing.set_counters(connection)
    aside["partition_sequences"] = aside.get("partition_sequences", 0) + lagging
    connection.execute(
        "INSERT INTO public.schema_migrations (version) VALUES (%s) ON CONFLICT DO NOTHING", (facts.REFERENCE_VERSION,)
    )
    _compare_rows(connection, looked, read, report, added, aside)
    _compare_polls(before, totals.count(connection), report)
    _tell_kinds(connection, kinds, report)
    report.old_files = leftovers.found(connection)
    row = connection.execute("SELECT coalesce(max(id), 0) FROM public.active_storage_blobs").fetchone()
    report.last_blob = row[0] if row else 0


def _load(
    connection: Connection[Any], looked: Looked, report: Report, expected: facts.Catalogue, say: Say
) -> dict[str, Loaded]:
    """All rows, table by table as the dump has them."""
    read: dict[str, Loaded] = {}
    loader, done = Loader(connection, expected), 0
    with script.opened(looked.path) as dump:
        for table in dump.tables():
            if table.schema != "public":
                continue
            if table.name not in expected.tables:
                rows = looked.rows.get(table.name, 0)
                why = "; the reference's own updates drop it" if table.name in DROPPED else ""
                report.unknown.append(f"table {table.name} with {rows:,} rows: left out{why}")
                continue
            loaded = read.setdefault(table.name, Loaded())
            for count in loader.load(table, loaded):
                done += count
                say(table.name, done, looked.total)
                _note(connection, loader.findings)
                loader.findings = []
            report.unknown += [f"column {table.name}.{name}: left out" for name in loaded.unknown]
    return read


def _note(connection: Connection[Any], findings: Sequence[Finding]) -> None:
    if findings:
        connection.cursor().executemany(
            "INSERT INTO llmio.adoption_findings (table_name, row_id, what, done, original) VALUES (%s, %s, %s, %s, %s)",
            [(one.table, one.row, one.what, one.done, one.original) for one in findings],
        )


def _broken_zones(connection: Connection[Any]) -> dict[str, str]:
    held = connection.execute("SELECT DISTINCT time_zone FROM public.users WHERE time_zone <> ''").fetchall()
    return {name: zones.instead_of(name) for (name,) in held if accepted.zone_or_none(name) is None}


def _apply(connection: Connection[Any], some: Sequence[rules.Rule], aside: dict[str, int]) -> None:
    for rule in some:
        changed = connection.execute(rule.statement.encode()).rowcount
        if rule.sets_aside and changed:
            aside[rule.table] = aside.get(rule.table, 0) + changed


def _mend(connection: Connection[Any], kinds: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """What needs more than the row itself: (rows added, rows set aside) by table."""
    aside: dict[str, int] = {}
    added = {"users": connection.execute(rules.TOMBSTONES.encode()).rowcount}
    _apply(connection, list(rules.orphans()), aside)
    for table, what, condition, done in rules.kept(tuple(kinds)):
        connection.execute(
            f"INSERT INTO llmio.adoption_findings (table_name, row_id, what, done, original)"
            f" SELECT '{table}', t.id::text, {what}, '{done}', to_jsonb(t)::text FROM public.{table} t WHERE {condition}".encode()
        )
    return added, aside


def _tell_kinds(connection: Connection[Any], kinds: Sequence[str], report: Report) -> None:
    """Kinds of polls of the reference that no plugin here takes votes for."""
    held = connection.execute("SELECT poll_type, count(*) FROM public.polls GROUP BY 1 ORDER BY 1").fetchall()
    report.unknown += [
        f"{number:,} polls of kind {kind}: no plugin here takes votes for it, results are shown as they were"
        for kind, number in held
        if kind in rules.KINDS and kind not in kinds
    ]


def _compare_rows(
    connection: Connection[Any],
    looked: Looked,
    read: dict[str, Loaded],
    report: Report,
    added: dict[str, int],
    aside: dict[str, int],
) -> None:
    """Every row of the dump is in its table or set aside; raises Unavailable where one is not."""
    wrong = []
    for table in sorted(set(read) - set(facts.BOOKKEEPING)):
        row = connection.execute(f'SELECT count(*) FROM public."{table}"'.encode()).fetchone()
        now, loaded = int(row[0]) if row else 0, read[table]
        gone = loaded.read - loaded.written + aside.get(table, 0)
        report.tables[table] = {"dump": looked.rows[table], "set_aside": gone, "added": added.get(table, 0), "now": now}
        if looked.rows[table] - gone + added.get(table, 0) != now:
            wrong.append(f"{table}: {report.tables[table]}")
    if wrong:
        raise Unavailable(_("Rows were lost on the way ({list}). Nothing was changed.", list="; ".join(wrong)))


def _compare_polls(before: dict[int, Total], after: Sequence[Total], report: Report) -> None:
    """Each poll has the votes and scores that came in the dump; raises Unavailable where one has not."""
    wrong = []
    for one in after:
        was = before.pop(one.id, None)
        told = {"id": one.id, "key": one.key, "title": one.title, "closed": one.closed, "published": one.published}
        report.polls.append(told | {"before": [was.score, was.votes] if was else None, "after": [one.score, one.votes]})
        if was is None or (was.score, was.votes, was.published) != (one.score, one.votes, one.published):
            wrong.append(f"{one.key}: {was and (was.score, was.votes)} → {(one.score, one.votes)}")
    if wrong:
        raise Unavailable(
            _("The totals of polls changed on the way ({list}). Nothing was changed.", list="; ".join(wrong[:10]))
        )
