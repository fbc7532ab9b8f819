"""After the rows: indexes back, sequences ahead of every id, counters as the rows say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from psycopg import Connection, sql
from psycopg.errors import UniqueViolation

from llmio.continuity import rules
from llmio.continuity.looking import Say
from llmio.migrations.facts import Catalogue

INDEXES = """
SELECT c.relname, pg_get_indexdef(x.indexrelid) FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT x.indisprimary
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1
"""
FOREIGN_KEYS = """
SELECT c.conname, t.relname, pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE c.contype = 'f' AND t.relnamespace = 'public'::regnamespace
"""
KEYS = re.compile(r"\(([^()]*)\)(?: INCLUDE .*)?(?: WHERE (.*))?$")


class Taken:
    """Indexes and foreign keys taken off schema public while rows come in, to be put back."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        self.indexes: list[tuple[str, str]] = connection.execute(INDEXES.encode()).fetchall()
        self.foreign_keys: list[tuple[str, str, str]] = connection.execute(FOREIGN_KEYS.encode()).fetchall()

    def drop(self) -> None:
        """Take them off."""
        for name, table, _definition in self.foreign_keys:
            self._alter("ALTER TABLE {} DROP CONSTRAINT {}", table, name)
        for name, _definition in self.indexes:
            self.connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier("public", name)))

    def put_back(self, expected: Catalogue, aside: dict[str, int], say: Say) -> None:
        """Make them again; rows that a unique one has no room for are noted and mended or set aside."""
        for number, (name, definition) in enumerate(self.indexes):
            say("indexes", number, len(self.indexes))
            try:
                with self.connection.transaction():
                    self.connection.execute(definition.encode())
            except UniqueViolation:
                rule = _twice(expected, name, definition)
                changed = self.connection.execute(rule.statement.encode()).rowcount
                if rule.sets_aside:
                    aside[rule.table] = aside.get(rule.table, 0) + changed
                self.connection.execute(definition.encode())
        for name, table, definition in self.foreign_keys:
            self._alter(f"ALTER TABLE {{}} ADD CONSTRAINT {{}} {definition}", table, name)

    def _alter(self, statement: str, table: str, name: str) -> None:
        self.connection.execute(sql.SQL(statement).format(sql.Identifier("public", table), sql.Identifier(name)))


def _twice(expected: Catalogue, name: str, definition: str) -> rules.Rule:
    index = expected.indexes[name]
    found = KEYS.search(definition)
    where = f"WHERE o.{found[2].strip('()')}" if found and found[2] else ""
    column = expected.columns[index.table, index.keys[0].split()[0]]
    return rules.twice(index.table, index.keys, where, may_be_null=column.nullable)


SERIALS = """
WITH t AS MATERIALIZED (
  SELECT t.relname FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'id' AND a.atthasdef
  WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r')
SELECT relname, sequence FROM t, LATERAL (SELECT pg_get_serial_sequence('public.' || quote_ident(relname), 'id') AS sequence) s
WHERE sequence IS NOT NULL
"""


def set_sequences(connection: Connection[Any], told: Mapping[str, int]) -> None:
    """No id is given twice: each sequence goes on after the largest id and after the last one that was ever given."""
    for table, sequence in connection.execute(SERIALS.encode()).fetchall():
        row = connection.execute(f'SELECT max(id) FROM public."{table}"'.encode()).fetchone()
        last = max(told.get(f"{table}_id_seq", 0), (row[0] if row else None) or 0)
        connection.execute("SELECT setval(%s, %s, %s)", (sequence, max(last, 1), last > 0))


LAGGING = """WITH gone AS (DELETE FROM public.partition_sequences s USING (
         SELECT s.key, s.id FROM public.partition_sequences s WHERE s.key = 'discussions_sequence_id' AND s.counter <
           (SELECT max(e.sequence_id) FROM public.events e WHERE e.discussion_id = s.id)
         UNION ALL
         SELECT s.key, s.id FROM public.partition_sequences s WHERE s.key = 'events_position' AND s.counter <
           (SELECT max(e.position) FROM public.events e WHERE e.parent_id = s.id)
       ) late WHERE late.key = s.key AND late.id = s.id RETURNING s.*)
       INSERT INTO llmio.adoption_findings (table_name, row_id, what, done, original)
       SELECT 'partition_sequences', key || ' ' || id, 'counter: behind what was given already',
              'set aside; the counter is made anew', to_jsonb(gone)::text FROM gone"""
COUNTERS = {
    "groups": (
        """SELECT g.id, coalesce(m.members + m.waiting, 0) AS memberships_count, coalesce(m.waiting, 0) AS pending_memberships_count,
                  coalesce(m.admins, 0) AS admin_memberships_count, coalesce(d.kept, 0) AS discussions_count,
                  coalesce(d.kept - d.closed, 0) AS open_discussions_count, coalesce(d.closed, 0) AS closed_discussions_count
           FROM public.groups g
           LEFT JOIN (SELECT group_id, count(*) FILTER (WHERE accepted_at IS NOT NULL) AS members,
                             count(*) FILTER (WHERE accepted_at IS NULL) AS waiting, count(*) FILTER (WHERE admin) AS admins
                      FROM public.memberships WHERE revoked_at IS NULL GROUP BY 1) m ON m.group_id = g.id
           LEFT JOIN (SELECT group_id, count(*) AS kept, count(closed_at) AS closed FROM public.discussions
                      WHERE discarded_at IS NULL AND NOT template GROUP BY 1) d ON d.group_id = g.id""",
        ("memberships_count", "pending_memberships_count", "admin_memberships_count", "discussions_count",
         "open_discussions_count", "closed_discussions_count"),
    ),
}  # fmt: skip
"""Table → how its counters are counted, and their names."""


def set_counters(connection: Connection[Any]) -> tuple[int, int]:
    """Put counters right that are not what the rows say; (counters of sequences set aside, rows counted anew)."""
    lagging = connection.execute(LAGGING.encode()).rowcount
    changed = 0
    for table, (counted, names) in COUNTERS.items():
        differ = " OR ".join(f"t.{name} <> n.{name}" for name in names)
        told = ", ".join(
            f"CASE WHEN t.{name} <> n.{name} THEN '{name}: ' || t.{name} || ', but there are ' || n.{name} END"
            for name in names
        )
        statement = f"""
            WITH wrong AS MATERIALIZED (
              SELECT t.id, concat_ws('; ', {told}) AS what, to_jsonb(t)::text AS was, {", ".join(f"n.{one}" for one in names)}
              FROM public.{table} t JOIN ({counted}) n ON n.id = t.id WHERE {differ}), noted AS (
              INSERT INTO llmio.adoption_findings (table_name, row_id, what, done, original)
              SELECT '{table}', id::text, what, 'counted anew', was FROM wrong)
            UPDATE public.{table} x SET {", ".join(f"{one} = wrong.{one}" for one in names)} FROM wrong WHERE wrong.id = x.id"""
        changed += connection.execute(statement.encode()).rowcount
    return lagging, changed
