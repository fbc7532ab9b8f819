"""Time zones: the names a person may choose, and those a browser may tell."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator

from llmio.core.i18n import _

REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Names offered for choice: UTC, then places by region."""
    return ("UTC", *sorted(name for name in available_timezones() if name.split("/")[0] in REGIONS))


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_or_none(name: str | None) -> str | None:
    """The name if it is a zone's; what a browser tells is taken so."""
    return name if name and name in _known() else None


def _chosen(name: str) -> str:
    if name not in _known():
        raise ValueError(str(_("Please choose one of the options.")))
    return name


Zone = Annotated[str, AfterValidator(_chosen)]
"""A form field that holds a zone's name."""
