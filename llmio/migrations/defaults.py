"""Defaults that Python fills in must be those that the database would: both write the same rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY, HSTORE, JSONB

from llmio.core.db import utcnow
from llmio.migrations.facts import Catalogue


def default_differences(expected: Catalogue, metadata: MetaData) -> list[str]:
    """Where a model's default is not the one that the reference's column has."""
    lines = []
    for table in metadata.sorted_tables:
        for column in table.columns if table.schema is None else ():
            wanted = expected.columns.get((table.name, column.name))
            if wanted is None or wanted.default == "nextval":
                continue
            here = _default(column)
            if here != wanted.default:
                lines.append(
                    f"model default of {table.name}.{column.name} is {here or 'none'}, should be {wanted.default or 'none'}"
                )
    return lines


def _default(column: Column[Any]) -> str:
    """The model's default, as PostgreSQL prints it."""
    if column.server_default is not None:
        return str(getattr(column.server_default, "arg", ""))
    default: Any = column.default
    if default is None:
        return ""
    if default.is_callable:
        return "" if default.arg.__wrapped__ is utcnow else _literal(column, default.arg(None))
    return _literal(column, default.arg)


def _literal(column: Column[Any], value: Any) -> str:
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{value}'::{'text' if isinstance(column.type, Text) else 'character varying'}"
    kinds = {JSONB: "'{}'::jsonb" if isinstance(value, dict) else "'[]'::jsonb", HSTORE: "''::hstore"}
    kinds[ARRAY] = "'{}'::character varying[]"
    return kinds.get(type(column.type), repr(value)) if not value else repr(value)
