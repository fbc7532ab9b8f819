"""The guard: runs plugin code; on error notes it and gives a fallback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from llmio.plugins.registry import Plugins

T = TypeVar("T")


def guard(
    plugins: Plugins,
    plugin: str | object,
    where: str,
    call: Callable[..., T],
    *args: Any,
    fallback: T,
    passes: tuple[type[BaseException], ...] = (),
    now: datetime | None = None,
    **named: Any,
) -> T:
    """What `call` returns, or `fallback` where it raises.

    `plugin` is its name or an object it offered, `where` what it was doing ("poll_types.dots.check"). Errors in
    `passes` belong to the contract (BallotError) and go through; in strict mode every error does.
    """
    name = plugin if isinstance(plugin, str) else plugins.owner(plugin)
    try:
        return call(*args, **named)
    except passes:
        raise
    except Exception as error:
        note(plugins, name, where, error, now=now)
        if plugins.strict:
            raise
        return fallback


def note(plugins: Plugins, name: str, where: str, error: BaseException, *, now: datetime | None = None) -> None:
    """Note an error of a plugin that was caught elsewhere (templates, jobs)."""
    plugins.failures.add(name, where, error, now or datetime.now(UTC))
