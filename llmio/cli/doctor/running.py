"""All areas, each with its own time and its own faults; what needs another part that does not work is left out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from llmio.cli.doctor.findings import Finding, first_line, found, ordered
from llmio.cli.doctor.site import Site

Check = Callable[[Site], Iterator[Finding]]
Say = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Area:
    """A part of the site: the module and function that look at it, what it needs, how many seconds it may take."""

    place: str
    needs: tuple[str, ...] = ()
    seconds: float = 20.0


AREAS: Final[dict[str, Area]] = {
    "settings": Area("settings:check"),
    "database": Area("database:check"),
    "redis": Area("redis:check"),
    "schema": Area("database:schema", ("database",)),
    "jobs": Area("jobs:check", ("database",)),
    "clock": Area("jobs:clock", ("database",)),
    "disk": Area("disk:check"),
    "mail": Area("mail:check", seconds=40.0),
    "dns": Area("dns:check", seconds=60.0),
    "storage": Area("storage:check", seconds=30.0),
    "proxy": Area("proxy:check"),
    "live": Area("live:check"),
    "collab": Area("live:collab"),
    "push": Area("push:check"),
    "backup": Area("backup:check", ("database",)),
    "plugins": Area("plugins:check", seconds=30.0),
    "search": Area("search:check", ("database",)),
}
FIRST: Final = ("settings", "database", "redis")
"""Looked at before the others, which may need them."""


@dataclass
class Examination:
    """One area being looked at, in a thread of its own: nobody waits for it for ever."""

    name: str
    findings: list[Finding]
    thread: threading.Thread
    until: float

    def end(self) -> list[Finding]:
        """What was found; with a word on it where it took too long."""
        self.thread.join(max(0.0, self.until - time.monotonic()))
        if self.thread.is_alive():
            seconds = AREAS[self.name].seconds
            return [*self.findings, found("doctor.slow", f"{self.name} was not done after {seconds:.0f} seconds")]
        return self.findings


def examine(site: Site, only: Collection[str] = (), *, say: Say = lambda _done, _total, _name: None) -> list[Finding]:
    """Everything that is found, the gravest first; `only` names areas. `say` hears how many are done, of how many, and which."""
    wanted = [name for name in AREAS if not only or name in only]
    needed = {need for name in wanted for need in AREAS[name].needs} | {"database"}
    findings: list[Finding] = []
    for name in FIRST:
        if name in wanted or name in needed:
            seen = _begin(site, name).end()
            findings += seen if name in wanted else []
            say(sum(one in wanted for one in FIRST[: FIRST.index(name) + 1]), len(wanted), name)
    later = [name for name in wanted if name not in FIRST]
    if later and not _build(site, findings):
        return ordered(findings)
    skipped = {name: lacking for name in later if (lacking := set(AREAS[name].needs) - site.works)}
    under_way = [_begin(site, name) for name in later if name not in skipped]
    for done, one in enumerate(under_way, start=len(wanted) - len(under_way) + 1):
        findings += one.end()
        say(done, len(wanted), one.name)
    if skipped:
        needs = ", ".join(sorted(set[str]().union(*skipped.values())))
        findings.append(found("doctor.skipped", f"not looked at, since they need the {needs}: {', '.join(skipped)}"))
    return ordered(findings)


def _build(site: Site, findings: list[Finding]) -> bool:
    """Build the App once, before threads want it."""
    try:
        return bool(site.app)
    except Exception as error:  # noqa: BLE001  # whatever it is, the operator should hear of it rather than of us
        findings.append(found("doctor.failed", f"the site cannot be put together: {first_line(error)}"))
        return False


def _begin(site: Site, name: str) -> Examination:
    area = AREAS[name]
    module, _colon, function = area.place.partition(":")
    check: Check = getattr(import_module(f"llmio.cli.doctor.{module}"), function)
    findings: list[Finding] = []
    thread = threading.Thread(target=_look, args=(site, name, check, findings), name=f"doctor {name}", daemon=True)
    thread.start()
    return Examination(name, findings, thread, time.monotonic() + area.seconds)


def _look(site: Site, name: str, check: Check, findings: list[Finding]) -> None:
    try:
        for one in check(site):
            findings.append(one)  # noqa: PERF402  # one by one: what was found before an error or the end of its time counts
    except Exception as error:  # noqa: BLE001  # likewise
        findings.append(found("doctor.failed", f"{name}: {type(error).__name__}: {first_line(error)}"))
