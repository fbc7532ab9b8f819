"""Rows into any table of schema `public` (or another), whatever version it has: what is not told is filled by type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

START = datetime(2025, 3, 1, 9, 0)  # noqa: DTZ001  # as the columns hold it: UTC without saying so
RENAMED = {("polls", "quorum_pct"): "threshold_pct", ("poll_templates", "quorum_pct"): "threshold_pct"}
COLUMNS = """
SELECT c.table_name, c.column_name, c.udt_name, c.is_nullable = 'YES', c.column_default IS NOT NULL,
       c.character_maximum_length
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = %s AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position
"""


@dataclass(frozen=True)
class Column:
    """What has to be known to fill it."""

    name: str
    type: str
    nullable: bool
    has_default: bool
    limit: int | None


class Rows:
    """Writes rows; `tick` moves a clock of its own on, so that moments differ and are the same each time."""

    def __init__(self, connection: Connection[Any], seed: int = 1, schema: str = "public") -> None:
        self.connection = connection
        self.random = Random(seed)  # noqa: S311  # rows of tests, not secrets
        self.schema = schema
        self.moment = START
        self.tables: dict[str, dict[str, Column]] = {}
        for table, *column in connection.execute(COLUMNS, (schema,)):
            self.tables.setdefault(table, {})[column[0]] = Column(*column)

    def tick(self, **by: float) -> datetime:
        """A later moment."""
        self.moment += timedelta(**(by or {"minutes": 7}))
        return self.moment

    def add(self, table: str, **values: Any) -> int:
        """A row; columns that this version does not have are left out, moments of making are filled. Gives its id."""
        known = self.tables.get(table)
        if known is None:
            return 0
        values = {
            (name if name in known else RENAMED.get((table, name), name)): value for name, value in values.items()
        }
        for name in ("created_at", "updated_at"):
            if name in known and name not in values:
                values[name] = self.tick()
        return self._insert(table, {name: value for name, value in values.items() if name in known})

    def fill(self, table: str, **values: Any) -> int:
        """A row with something in every column."""
        number = self.random.randrange(1, 10**6)
        every = {
            name: self._something(column, number)
            for name, column in self.tables[table].items()
            if not (name == "id" and column.has_default) and column.type != "tsvector"
        }
        return self._insert(table, every | values)

    def _insert(self, table: str, values: Mapping[str, Any]) -> int:
        names = list(values)
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(self.schema, table),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join(sql.Placeholder() * len(names)),
        )
        if "id" in self.tables[table]:
            statement += sql.SQL(" RETURNING id")
        made = self.connection.execute(statement, [self._value(table, name, values[name]) for name in names])
        row = made.fetchone() if made.description else None
        return int(row[0]) if row and isinstance(row[0], int) else 0

    def _value(self, table: str, name: str, value: Any) -> Any:
        kind = self.tables[table][name].type
        if kind in ("jsonb", "json") and value is not None:
            return Jsonb(value)
        return list(value) if isinstance(value, Iterable) and kind.startswith("_") else value

    def _something(self, column: Column, number: int) -> Any:
        """A value that fits the type."""
        text = f"{column.name}-{number}"
        found: dict[str, Any] = {
            "int4": 1,
            "int8": 1,
            "int2": 1,
            "float8": 1.0,
            "bool": False,
            "timestamp": self.tick(),
            "timestamptz": self.tick().replace(tzinfo=UTC),
            "date": self.moment.date(),
            "jsonb": {} if "fields" in column.name or "info" in column.name else [],
            "json": {},
            "hstore": '"subject"=>"Hello"',
            "inet": "203.0.113.7",
            "uuid": f"00000000-0000-4000-8000-{number:012d}",
            "bytea": b"bytes",
        }
        if column.type.startswith("_"):
            return []
        if column.name.endswith("_format"):
            return "html"
        return found.get(column.type, text[: column.limit] if column.limit else text)
