"""All that is wrong with the settings: values, variables that nothing reads, what production must have."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from llmio.core.settings import Fault

if TYPE_CHECKING:
    from llmio.core.settings import Settings

OWN = ("LLMIO_SUPERVISED", "LLMIO_ADDRESS", "LLMIO_PID", "LLMIO_TEST_DATABASE_URL", "LLMIO_TEST_REDIS_URL")
"""Variables under LLMIO_ that processes of ours tell each other, or that tests read: no settings."""


def faults(settings: Settings) -> list[Fault]:
    """Everything, each with what to do about it."""
    return [*settings.faults, *_strangers(settings.sources[1], settings), *_unsafe(settings)]


def _strangers(env: Mapping[str, str], settings: Settings) -> Iterator[Fault]:
    """Variables that look like ours and are read by nothing: most likely misspelt."""
    known = {name for item in settings.declared.values() for name in (item.env, *item.aliases) if name}
    known |= {f"{name}_FILE" for name in known}
    for name in sorted(env):
        if name.startswith("LLMIO_") and name not in known and name not in OWN:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            yield Fault(name, f"no such variable{hint}", fatal=False)


def _unsafe(settings: Settings) -> Iterator[Fault]:
    """What a production site must have before it may start."""
    if settings["llmio.env"] != "production":
        return
    if len(settings.text("security.secret")) < 32:
        words = "must be set and have at least 32 characters; `openssl rand -hex 32` makes one"
        yield Fault("SECRET_COOKIE_TOKEN", words)
    if not settings["database.url"]:
        yield Fault("DATABASE_URL", "must be set, unless `llmio up` starts a database of its own", fatal=False)
