"""What came of an import: counts, what was named anew, and what could not be read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from llmio.upkeep.importing.reading import Fault

LISTED = 1000
"""Faults and new names that are kept; all are counted."""


@dataclass
class Found:
    """Filled while the file is read."""

    came: Counter[str] = field(default_factory=Counter)
    people_found: int = 0
    people_made: int = 0
    files: int = 0
    renamed: list[dict[str, str]] = field(default_factory=list)
    renamed_count: int = 0
    faults: list[Fault] = field(default_factory=list)
    faults_count: int = 0
    unknown: set[str] = field(default_factory=set)
    """`table.column` that this site does not have."""

    def fault(self, line: int, words: object) -> None:
        """Note a line that was not taken."""
        self.faults_count += 1
        if len(self.faults) < LISTED:
            self.faults.append(Fault(line, words))

    def rename(self, what: str, old: str, new: str) -> None:
        """Note that something has another name here, since its own was taken."""
        self.renamed_count += 1
        if len(self.renamed) < LISTED:
            self.renamed.append({"what": what, "old": old, "new": new})

    def as_dict(self) -> dict[str, Any]:
        """As it is kept, and printed by `llmio groups import --json`; keys are only ever added."""
        return {
            "came": dict(self.came),
            "people_found": self.people_found,
            "people_made": self.people_made,
            "files": self.files,
            "files_came": 0,
            "renamed": self.renamed,
            "renamed_count": self.renamed_count,
            "faults": [
                {"line": one.line, "why": str(one.words)} for one in sorted(self.faults, key=lambda one: one.line)
            ],
            "faults_count": self.faults_count,
            "unknown_columns": sorted(self.unknown),
        }
