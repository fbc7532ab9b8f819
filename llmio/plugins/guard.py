"""The guard: runs plugin code; on error notes it and gives a fallback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from llmio.plugins.registry import Plugins

T = TypeVar("T")
RAISED = (Exception, SystemExit)
"""What counts as an error of a plugin: it may also want to leave, and must not take the process along."""


def guard(
    plugins: Plugins,
    plugin: str | object,
    where: str,
    call: Callable[..., T],
    *args: Any,
    fallback: T,
    passes: tuple[type[BaseException], ...] = (),
    gives: Callable[[Any], bool] | None = None,
    now: datetime | None = None,
    **named: Any,
) -> T:
    """What `call` returns, or `fallback` where it raises or returns what is not as `gives` asks.

    `plugin` is its name or an object it offered, `where` what it was doing ("poll_types.dots.check"). Errors in
    `passes` belong to the contract (BallotError) and go through; in strict mode every error does.
    """
    name = plugin if isinstance(plugin, str) else plugins.owner(plugin)
    try:
        return _checked(where, call(*args, **named), gives)
    except passes:
        raise
    except RAISED as error:
        note(plugins, name, where, error, now=now)
        if plugins.strict:
            raise
        return fallback


def _checked(where: str, given: T, gives: Callable[[Any], bool] | None) -> T:
    if gives is not None and not gives(given):
        raise TypeError(f"{where} returned {given!r:.200}, which is not what its base class asks for")
    return given


@contextmanager
def noted(plugins: Plugins, plugin: str | object, where: str, *, now: datetime | None = None) -> Iterator[None]:
    """Note what is raised within, and let it go on: for jobs, which are tried again."""
    name = plugin if isinstance(plugin, str) else plugins.owner(plugin)
    try:
        yield
    except RAISED as error:
        note(plugins, name, where, error, now=now)
        raise


def note(plugins: Plugins, name: str, where: str, error: BaseException, *, now: datetime | None = None) -> None:
    """Note an error of a plugin that was caught elsewhere (templates, jobs).

    Where one plugin calls an object of another (a notifier its webhook format), the one whose code raised is named.
    """
    plugins.failures.add(_culprit(plugins, error) or name, where, error, now or datetime.now(UTC))


def _culprit(plugins: Plugins, error: BaseException) -> str:
    packages = {module.__name__.split(".", 1)[0]: name for name, module in plugins.modules.items()}
    found = ""
    trace = error.__traceback__
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).split(".", 1)[0]
        found = packages.get(package, found)
        trace = trace.tb_next
    return found
