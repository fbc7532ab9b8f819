"""Records as JSON, with the reference's names of fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

Records = dict[str, list[dict[str, Any]]]
"""Root (`comments`, `users`, …) → records, each once."""
MENTION = re.compile(r'data-mention-id="([^"]+)"|(?:^|[^\w@])@([a-z0-9][a-z0-9_.-]*)', re.IGNORECASE)


def plain(value: Any) -> Any:
    """A column's value as JSON has it; times in UTC with milliseconds, as Rails writes them."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, (list, tuple)) else value


def columns(record: Any, names: str, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """Columns of a record; `names` has blanks between; those in `without` are left out (a discarded record keeps its words to itself)."""
    left_out = frozenset(without)
    return {name: plain(getattr(record, name)) for name in names.split() if name not in left_out}


def mentioned(text: str | None) -> list[str]:
    """The usernames that a text mentions, each once."""
    found = (html or markdown for html, markdown in MENTION.findall(text or ""))
    return sorted({name.rstrip(".") for name in found if name})


def merge(*parts: Mapping[str, Iterable[dict[str, Any]]]) -> Records:
    """Roots of several records together; a record that occurs twice is kept once."""
    merged: dict[str, dict[Any, dict[str, Any]]] = {}
    for part in parts:
        for root, records in part.items():
            merged.setdefault(root, {}).update({record["id"]: record for record in records})
    return {root: list(records.values()) for root, records in merged.items()}
