"""The list of blocked domains, refreshed from a hosts file that others keep."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from sqlalchemy import insert, text

from llmio.core.errors import Unavailable
from llmio.core.jobs import GiveUp
from llmio.upkeep.service.records import table

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.ports import Fetcher

LINE = re.compile(
    r"\s*(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+((?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{1,62})\s*(?:#.*)?",
    re.IGNORECASE,
)
MOST_BYTES = 50_000_000
BATCH = 5000
OWN = frozenset({"localhost.localdomain"})


def domains_in(lines: Iterable[str]) -> set[str]:
    """The names that a hosts file blocks, in small letters; comments and other lines say nothing."""
    found = (LINE.fullmatch(line) for line in lines)
    return {match.group(1).lower() for match in found if match} - OWN


def fetch(http: Fetcher, url: str) -> set[str]:
    """Read the file, line by line. Raises Unavailable where it cannot be had now, GiveUp where it is no hosts file."""
    with tempfile.TemporaryFile() as file:
        answer = http.fetch(url, file, max_bytes=MOST_BYTES)
        if answer.status != HTTPStatus.OK:
            raise Unavailable(f"{url} cannot be read: {answer.text[:200] if not answer.status else answer.status}")
        file.seek(0)
        found = domains_in(line.decode("utf-8", "replace").rstrip("\r\n") for line in file)
    if not found:
        raise GiveUp(f"{url} names no domain: is it a hosts file?")
    return found


def replace(ctx: Context, names: set[str]) -> tuple[int, int]:
    """Make the table hold exactly these: (how many came, how many went)."""
    blocked = table("blocked_domains")
    held = set(ctx.db.scalars(text("SELECT name FROM blocked_domains WHERE name IS NOT NULL")))
    came, went = sorted(names - held), sorted(held - names)
    for start in range(0, len(went), BATCH):
        ctx.db.execute(blocked.delete().where(blocked.c.name.in_(went[start : start + BATCH])))
    for start in range(0, len(came), BATCH):
        ctx.db.execute(insert(blocked), [{"name": name} for name in came[start : start + BATCH]])
    return len(came), len(went)
