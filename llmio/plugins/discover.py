"""Finding plugins by the metadata of what is installed, without importing any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement

from llmio.plugins.declare import GROUP

CORE = "llmio"


@dataclass(frozen=True)
class Candidate:
    """An entry point, and what its distribution says of itself."""

    name: str
    value: str
    entry: metadata.EntryPoint
    distribution: str
    version: str
    author: str
    licence: str
    homepage: str
    requires: tuple[str, ...]
    """Lines of its requirements that may concern llmio."""

    @property
    def built_in(self) -> bool:
        """Whether it came with llmio."""
        return normal(self.distribution) == CORE

    def conflict(self, version: str) -> str:
        """Why this plugin does not go with this version of llmio; empty where it does."""
        for line in self.requires:
            try:
                needed = Requirement(line)
                applies = needed.marker is None or needed.marker.evaluate({"extra": ""})
            except (InvalidRequirement, UndefinedEnvironmentName):
                continue
            if normal(needed.name) == CORE and applies and not needed.specifier.contains(version, prereleases=True):
                return f"needs {needed}, this is llmio {version}"
        return ""


def discover() -> list[Candidate]:
    """Every plugin installed: the built-in ones first, so that nobody can take their names; then by name."""
    found = [candidate for distribution in _distributions() for candidate in _candidates(distribution)]
    return sorted(found, key=lambda one: (not one.built_in, one.name, one.distribution))


def _distributions() -> Iterator[metadata.Distribution]:
    """Distributions that offer plugins; of two of one name the first on the path, which is also the one imported.

    Metadata are parsed of those alone: of all that is installed it would take longer than all else at start.
    """
    seen = set()
    for distribution in metadata.distributions():
        if f"[{GROUP}]" in (distribution.read_text("entry_points.txt") or ""):
            name = normal(distribution.metadata["Name"] or "")
            if name and name not in seen:
                seen.add(name)
                yield distribution


def _candidates(distribution: metadata.Distribution) -> Iterator[Candidate]:
    about: Any = distribution.metadata
    requires = tuple(line for line in distribution.requires or () if line.lower().startswith(CORE))
    for entry in distribution.entry_points:
        if entry.group == GROUP:
            yield Candidate(
                name=entry.name,
                value=entry.value,
                entry=entry,
                distribution=about["Name"],
                version=distribution.version or "",
                author=about.get("Author") or _address_name(about.get("Author-email") or ""),
                licence=about.get("License-Expression") or about.get("License") or "",
                homepage=_homepage(about.get_all("Project-URL") or [], about.get("Home-page") or ""),
                requires=requires,
            )


def _address_name(address: str) -> str:
    return address.split("<", maxsplit=1)[0].strip().strip('"') or address


def _homepage(labelled: list[str], plain: str) -> str:
    urls = [url.split(",", 1)[1].strip() for url in labelled if "," in url]
    found = plain or (urls[0] if urls else "")
    return found if found.startswith(("https://", "http://")) else ""


def normal(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
