"""The live schema `public` read from PostgreSQL's catalogue, and what differs from the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection, RowMapping

from llmio.migrations.facts import NEEDED_EXTENSIONS, Catalogue, Column, Index

# Tables, views and the like that no extension brought.
RELATIONS = """
SELECT c.oid, c.relname, c.relkind FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
COLUMNS = f"""
WITH relation AS ({RELATIONS})
SELECT r.relname AS table_name, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       NOT a.attnotnull AS nullable, coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS default_value,
       a.attidentity::text || a.attgenerated::text AS special,
       pg_get_serial_sequence('public.' || quote_ident(r.relname), a.attname) AS sequence
FROM relation r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
"""
INDEXES = """
SELECT i.relname AS name, t.relname AS table_name, x.indisunique AS is_unique, m.amname AS method,
       x.indisvalid AS valid, coalesce(pg_get_expr(x.indpred, x.indrelid), '') AS predicate, x.indnkeyatts AS keys,
       x.indisprimary AS is_primary,
       ARRAY(SELECT pg_get_indexdef(x.indexrelid, n, true) FROM generate_series(1, x.indnatts) n) AS columns,
       ARRAY(SELECT o::int FROM unnest(x.indoption::int2[]) o) AS options,
       ARRAY(SELECT CASE WHEN oc.opcdefault THEN '' ELSE ' ' || oc.opcname END
             FROM unnest(x.indclass::oid[]) WITH ORDINALITY c(oid, n) JOIN pg_opclass oc ON oc.oid = c.oid
             ORDER BY c.n) AS classes
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_am m ON m.oid = i.relam
WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p', 'm')
"""
# Other than primary keys (read with the indexes) and NOT NULL (read with the columns).
CONSTRAINTS = """
SELECT t.relname || '.' || c.conname AS name, pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE t.relnamespace = 'public'::regnamespace AND c.contype NOT IN ('p', 'n')
"""
EXTENSIONS = "SELECT e.extname, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"

DESCENDING, NULLS_FIRST = 1, 2


def live(connection: Connection) -> Catalogue:
    """Schema `public` as it is."""
    # What is in the search path is printed without its schema.
    connection.execute(text("SET LOCAL search_path = public"))
    found = Catalogue()
    for row in connection.execute(text(COLUMNS)).mappings():
        found.columns[row["table_name"], row["name"]] = _column(row)
    for row in connection.execute(text(INDEXES)).mappings():
        if row["is_primary"]:
            found.primary_keys[row["table_name"]] = tuple(row["columns"])
        else:
            found.indexes[row["name"]] = _index(row)
    found.constraints = {row.name: row.definition for row in connection.execute(text(CONSTRAINTS))}
    found.extensions = {row.extname: row.nspname for row in connection.execute(text(EXTENSIONS))}
    return found


def _column(row: RowMapping) -> Column:
    default = row["default_value"]
    if default.startswith("nextval("):
        default = "nextval" if row["sequence"] else f"{default} (a sequence that is not the column's own)"
    return Column(row["type"], row["nullable"], default + row["special"].strip("\0 "))


def _index(row: RowMapping) -> Index:
    keys = [
        column + opclass + _order(options)
        for column, opclass, options in zip(row["columns"], row["classes"], row["options"], strict=False)
    ]
    return Index(
        table=row["table_name"],
        keys=tuple(keys),
        unique=row["is_unique"],
        method=row["method"],
        where=row["predicate"],
        include=tuple(row["columns"][row["keys"] :]),
        valid=row["valid"],
    )


def _order(options: int) -> str:
    descending, first = bool(options & DESCENDING), bool(options & NULLS_FIRST)
    nulls = "" if first == descending else (" NULLS FIRST" if first else " NULLS LAST")
    return (" DESC" if descending else "") + nulls


def differences(expected: Catalogue, found: Catalogue) -> list[str]:
    """What differs, both ways, one line each; empty when the schema is the reference's."""
    lost, extra = expected.tables - found.tables, found.tables - expected.tables
    lines = [f"table {name} is missing" for name in sorted(lost)]
    lines += [f"table {name} is not in the reference" for name in sorted(extra)]

    def shared(name: Any) -> bool:
        table = name[0] if isinstance(name, tuple) else str(name).split(".", 1)[0]
        return table not in lost | extra

    parts: tuple[tuple[str, Mapping[Any, Any], Mapping[Any, Any]], ...] = (
        ("column", expected.columns, found.columns),
        ("primary key of", expected.primary_keys, found.primary_keys),
        ("constraint", expected.constraints, found.constraints),
    )
    for what, here, there in parts:
        lines += _compare(
            what, {key: here[key] for key in here if shared(key)}, {key: there[key] for key in there if shared(key)}
        )
    lines += _compare(
        "index",
        {name: index for name, index in expected.indexes.items() if shared(index.table)},
        {name: index for name, index in found.indexes.items() if shared(index.table)},
    )
    return lines + _extensions(expected.extensions, found.extensions)


def _compare(what: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> list[str]:
    lines = []
    for key in sorted(expected.keys() | found.keys()):
        name = ".".join(key) if isinstance(key, tuple) else key
        if key not in found:
            lines.append(f"{what} {name} is missing: {_show(expected[key])}")
        elif key not in expected:
            lines.append(f"{what} {name} is not in the reference: {_show(found[key])}")
        elif expected[key] != found[key]:
            lines.append(f"{what} {name} is {_show(found[key])}, should be {_show(expected[key])}")
    return lines


def _show(value: object) -> str:
    match value:
        case Column():
            default = f" DEFAULT {value.default}" if value.default else ""
            return f"{value.type}{default}{'' if value.nullable else ' NOT NULL'}"
        case Index():
            unique, where = ("unique " if value.unique else ""), (f" WHERE {value.where}" if value.where else "")
            include = f" INCLUDE ({', '.join(value.include)})" if value.include else ""
            broken = "" if value.valid else " (invalid)"
            return f"{unique}{value.method} on {value.table} ({', '.join(value.keys)}){include}{where}{broken}"
        case tuple():
            return f"({', '.join(value)})"
    return str(value)


def _extensions(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Missing extensions count; others are the operator's own business."""
    lines = []
    for name, schema in expected.items():
        if name not in found:
            use = "" if name in NEEDED_EXTENSIONS else " (llmio runs without it, the reference does not)"
            lines.append(f"extension {name} is missing{use}: CREATE EXTENSION {name} WITH SCHEMA {schema}")
        elif found[name] != schema:
            lines.append(f"extension {name} is in schema {found[name]}, should be in {schema}")
    return lines
