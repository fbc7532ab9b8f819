"""The report on plugins, for page, JSON and command alike: made of records, never by asking a plugin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from llmio import __version__
from llmio.plugins import store
from llmio.plugins.failures import Failure
from llmio.plugins.registry import PluginRecord, Plugins, State

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from llmio.core.app import App

ORDER = (State.FAILED, State.PARTLY, State.INCOMPATIBLE, State.DUPLICATE, State.MISSING, State.ACTIVE, State.DISABLED)


@dataclass(frozen=True)
class Line:
    """A plugin, what went wrong with it while the site ran, and its switch.

    `wanted` is what an administrator chose on the page (None: nothing); where it is not what runs, the next start of the
    site will bring it. `held_by` names the variable or ini key that decides instead.
    """

    record: PluginRecord
    failures: Sequence[Failure] = ()
    wanted: bool | None = None
    held_by: str = ""

    @property
    def on(self) -> bool:
        """Whether it is meant to run, as of the next start."""
        return self.wanted is not False and not self.held_by

    @property
    def waits(self) -> bool:
        """Whether the switch differs from what runs."""
        off_now = self.record.state == State.DISABLED
        return not self.held_by and self.record.state != State.MISSING and off_now == self.on

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        failures = [
            {**asdict(one), "first_at": one.first_at.isoformat(), "last_at": one.last_at.isoformat()}
            for one in self.failures
        ]
        return {**self.record.as_dict(), "switch_waits": self.waits, "failures": failures}


def lines(app: App, db: Session | None) -> list[Line]:
    """Every plugin, those at fault first; without a database what this process alone knows."""
    failures = store.failures(app, db) if db is not None else app.plugins.failures.all()
    wanted = store.switches(db) if db is not None else {}
    return arrange(app.plugins, failures, wanted)


def arrange(plugins: Plugins, failures: Iterable[Failure], wanted: Mapping[str, bool]) -> list[Line]:
    """Records with their failures and switches."""
    by_name: dict[str, list[Failure]] = {}
    for failure in failures:
        by_name.setdefault(failure.plugin, []).append(failure)
    found = [
        Line(
            record,
            () if record.state == State.DUPLICATE else tuple(by_name.get(record.name, ())),
            wanted.get(record.name),
            "" if record.switched_by == "page" else record.switched_by,
        )
        for record in plugins.records
    ]
    return sorted(found, key=lambda line: (ORDER.index(line.record.state), not line.failures, line.record.name))


def as_dict(found: Sequence[Line], notes: Sequence[str] = ()) -> dict[str, Any]:
    """For JSON: stable, since programs read it."""
    return {
        "llmio": __version__,
        "ok": not any(line.record.at_fault for line in found),
        "plugins": [line.as_dict() for line in found],
        "notes": list(notes),
    }
