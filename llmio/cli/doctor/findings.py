"""What the doctor finds: a code from the catalogue, what was seen, its cause and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from llmio.cli.doctor.codes import CODES

SEVERITIES: Final = ("error", "warning", "note")
"""An error keeps people from something; a warning will, or weakens the site; a note is to know."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `code` is stable: programs may look for it."""

    code: str
    severity: str
    what: str
    cause: str
    fix: str

    @property
    def area(self) -> str:
        """The part of the site it belongs to."""
        return self.code.partition(".")[0]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"area": self.area, **asdict(self)}


def found(code: str, what: object, *, fix: str = "") -> Finding:
    """A finding of a known code; `fix` replaces the catalogue's where the place itself knows better."""
    severity, cause, usual = CODES[code]
    return Finding(code, severity, str(what).strip() or code, cause, fix or usual)


def ordered(findings: list[Finding]) -> list[Finding]:
    """The gravest first, then by area in the order in which they were looked at; none twice."""
    return sorted(dict.fromkeys(findings), key=lambda one: SEVERITIES.index(one.severity))


def first_line(error: BaseException) -> str:
    """An error in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__
