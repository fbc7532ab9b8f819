"""The list of blocked domains, refreshed from a hosts file that others keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import httpx
from sqlalchemy import insert, text

from llmio.core.errors import Unavailable
from llmio.core.jobs import GiveUp
from llmio.upkeep.service.records import table

if TYPE_CHECKING:
    from llmio.core.context import Context

LINE = re.compile(
    r"\s*(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+((?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{1,62})\s*(?:#.*)?",
    re.IGNORECASE,
)
MOST_BYTES = 50_000_000
BATCH = 5000
OWN = frozenset({"localhost.localdomain"})
TIMEOUT = httpx.Timeout(30.0, connect=10.0)


def domains_in(lines: Iterable[str]) -> set[str]:
    """The names that a hosts file blocks, in small letters; comments and other lines say nothing."""
    found = (LINE.fullmatch(line) for line in lines)
    return {match.group(1).lower() for match in found if match} - OWN


def fetch(url: str) -> set[str]:
    """Read the file, line by line. Raises Unavailable where it cannot be had now, GiveUp where it is no hosts file."""
    try:
        with httpx.stream("GET", url, timeout=TIMEOUT, follow_redirects=True, trust_env=False) as answer:
            if answer.status_code != httpx.codes.OK:
                raise Unavailable(f"{url} answered {answer.status_code}")
            found = domains_in(_limited(answer.iter_lines()))
    except httpx.HTTPError as error:
        raise Unavailable(f"{url} cannot be read: {error or type(error).__name__}") from error
    except (httpx.InvalidURL, ValueError) as error:
        raise GiveUp(f"{url} cannot be read: {error}") from error
    if not found:
        raise GiveUp(f"{url} names no domain: is it a hosts file?")
    return found


def _limited(lines: Iterable[str]) -> Iterator[str]:
    size = 0
    for line in lines:
        size += len(line) + 1
        if size > MOST_BYTES:
            raise GiveUp(f"more than {MOST_BYTES // 1_000_000} MB: this is no list of domains")
        yield line


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
