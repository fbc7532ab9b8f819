"""The reference's schema as data: reads `reference/*.tsv` into the shape that `catalogue` reads from a live database."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from importlib.resources import files

REFERENCE_VERSION = "20251203031449"
"""The version of schema `public`; a database with another one is not touched."""
EXTENSIONS = ("citext", "hstore", "pgcrypto", "pg_stat_statements", "pg_trgm")
"""Extensions, all in schema public as the reference has them."""
NEEDED_EXTENSIONS = ("citext", "hstore", "pgcrypto")
"""Those without which the tables cannot be made."""
BOOKKEEPING = ("schema_migrations", "ar_internal_metadata")
"""Rails' own tables, which the facts do not list."""

TYPES = {
    "int8 (bigserial)": "bigint",
    "int4 (serial)": "integer",
    "int8": "bigint",
    "int4": "integer",
    "bool": "boolean",
    "varchar": "character varying",
    "timestamp": "timestamp without time zone",
    "timestamp(6)": "timestamp(6) without time zone",
}
ORDERS = {"": "", ":desc": " DESC", '"NULLS FIRST"': " NULLS FIRST"}
"""An order of the facts goes for every column of the index."""


@dataclass(frozen=True)
class Column:
    """A column: type as PostgreSQL prints it, default as an expression (`nextval` for an own sequence)."""

    type: str
    nullable: bool
    default: str = ""


@dataclass(frozen=True)
class Index:
    """An index: each key is a column with its operator class and order where they are not the usual ones."""

    table: str
    keys: tuple[str, ...]
    unique: bool = False
    method: str = "btree"
    where: str = ""
    include: tuple[str, ...] = ()
    valid: bool = True


@dataclass
class Catalogue:
    """What makes up a schema."""

    columns: dict[tuple[str, str], Column] = field(default_factory=dict)
    primary_keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)
    constraints: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> set[str]:
        """Names of the tables."""
        return {table for table, _ in self.columns}


def reference() -> Catalogue:
    """The schema as the facts give it."""
    found = Catalogue(extensions=dict.fromkeys(EXTENSIONS, "public"))
    for row in _rows("schema.tsv"):
        _add_column(found, row)
    for row in _rows("indexes.tsv"):
        table, name, columns, unique, method, where, order = row
        keys = tuple(column.strip() + ORDERS[order] for column in columns.strip("[]").split(","))
        found.indexes[name] = Index(table, keys, bool(unique), method, where)
    for table, other, column in _foreign_keys():
        # The name that Rails gives such a constraint.
        digest = hashlib.sha256(f"{table}_{column}_fk".encode()).hexdigest()[:10]
        found.constraints[f"{table}.fk_rails_{digest}"] = f"FOREIGN KEY ({column}) REFERENCES {other}(id)"
    _add_bookkeeping(found)
    return found


def _add_column(found: Catalogue, row: list[str]) -> None:
    table, name, kind, array, null, default, limit = row
    if name.startswith("("):
        found.primary_keys[table] = tuple(json.loads(kind))
        return
    if limit == "primary key":
        found.primary_keys[table] = (name,)
        limit = ""
    pg_type = TYPES.get(kind, kind) + (f"({limit})" if limit else "") + ("[]" if array else "")
    found.columns[table, name] = Column(pg_type, null == "YES", _default(pg_type, default))


def _default(pg_type: str, default: str) -> str:
    """A default of the facts as PostgreSQL prints it."""
    if not default or default in {"nextval", "true", "false"} or default.isdigit():
        return default
    function = re.fullmatch(r'-> \{ "(.+)" \}', default)
    if function:
        return function[1]
    cast = re.sub(r"\(\d+\)", "", pg_type)
    if default.startswith('"'):
        return f"'{default[1:-1]}'::{cast}"
    if pg_type == "hstore":
        return "''::hstore"
    return f"'{{}}'::{cast}" if pg_type.endswith("[]") else f"'{default}'::{cast}"


def _add_bookkeeping(found: Catalogue) -> None:
    found.columns["schema_migrations", "version"] = Column("character varying", nullable=False)
    found.primary_keys["schema_migrations"] = ("version",)
    metadata = "ar_internal_metadata"
    found.columns[metadata, "key"] = Column("character varying", nullable=False)
    found.columns[metadata, "value"] = Column("character varying", nullable=True)
    found.columns[metadata, "created_at"] = Column(TYPES["timestamp(6)"], nullable=False)
    found.columns[metadata, "updated_at"] = Column(TYPES["timestamp(6)"], nullable=False)
    found.primary_keys[metadata] = ("key",)


def _rows(name: str) -> list[list[str]]:
    lines = _lines(name)
    width = next(len(line.split("\t")) for line in lines if not line.startswith("#"))
    rows = [line.split("\t") for line in lines if line and not line.startswith(("#", "table\t"))]
    return [row + [""] * (width - len(row)) for row in rows]


def _foreign_keys() -> list[list[str]]:
    notes = [line for line in _lines("indexes.tsv") if line.startswith("# foreign key:")]
    return [re.findall(r'"([^"]+)"', line) for line in notes]


def _lines(name: str) -> list[str]:
    return (files("llmio.migrations") / "reference" / name).read_text("utf-8").splitlines()
