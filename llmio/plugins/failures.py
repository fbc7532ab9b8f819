"""What plugins did wrong while the site ran: bounded, safe across threads, handed on to whoever keeps it."""

from __future__ import annotations

import logging
import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from llmio.core.measures import measures

log = logging.getLogger("llmio.plugins")
LONGEST = 500


@dataclass(frozen=True)
class Failure:
    """One fault of a plugin: where, what, how often, when."""

    plugin: str
    where: str
    error: str
    traceback: str
    first_at: datetime
    last_at: datetime
    count: int = 1


class Failures:
    """The latest `limit` different faults of this process."""

    def __init__(self, limit: int = 200) -> None:
        self.limit = limit
        self.keep: Callable[[Failure], None] | None = None
        """Called with each new count, to store it where other processes see it; its own errors are only logged."""
        self._lock = Lock()
        self._found: OrderedDict[tuple[str, str, str], Failure] = OrderedDict()

    def add(self, plugin: str, where: str, error: BaseException, now: datetime) -> Failure:
        """Note a fault; the same fault again only raises its count."""
        text = describe(error)
        lines = "".join(traceback.format_exception(error))
        key = (plugin, where, text)
        with self._lock:
            known = self._found.pop(key, None)
            failure = (
                replace(known, last_at=now, count=known.count + 1, traceback=lines)
                if known
                else Failure(plugin, where, text, lines, now, now)
            )
            self._found[key] = failure
            while len(self._found) > self.limit:
                self._found.popitem(last=False)
        measures.count("llmio_plugin_failures", plugin)
        log.log(
            logging.ERROR if known is None else logging.DEBUG, "plugin %s failed at %s", plugin, where, exc_info=error
        )
        if self.keep is not None:
            try:
                self.keep(failure)
            except Exception:  # a broken plugin must not do more harm where the database is away, too
                log.exception("cannot store the failure of plugin %s", plugin)
        return failure

    def all(self, plugin: str | None = None) -> list[Failure]:
        """The faults, latest first, of one plugin or of all."""
        with self._lock:
            found = list(reversed(self._found.values()))
        return [failure for failure in found if plugin is None or failure.plugin == plugin]

    def forget(self, plugin: str) -> None:
        """Forget the faults of one plugin."""
        with self._lock:
            for key in [key for key in self._found if key[0] == plugin]:
                del self._found[key]


def describe(error: BaseException) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    text = f"{text[:LONGEST]} …" if len(text) > LONGEST else text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
