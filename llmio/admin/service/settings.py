"""The settings in force as administrators see them: value, origin, variable, help; secrets hidden; what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmio.core import settings_check
from llmio.core.permissions import Permission
from llmio.core.settings import without_password

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.settings import Fault, Setting, Settings


@dataclass(frozen=True)
class Line:
    """One setting."""

    setting: Setting
    value: str
    default: str
    origin: str
    fault: str = ""

    @property
    def changed(self) -> bool:
        """Whether the operator said something about it."""
        return self.origin != "default"


@dataclass(frozen=True)
class Section:
    """Settings that belong together."""

    title: str
    summary: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Found:
    """All that is to be shown, and all that is wrong."""

    sections: Sequence[Section]
    faults: Sequence[Fault]
    total: int
    changed: int


def show(ctx: Context, *, words: str = "", changed: bool = False) -> Found:
    """Every declared setting that holds the words, or only those that were set."""
    ctx.require(Permission.ADMIN)
    settings = ctx.app.settings
    faults = settings_check.faults(settings)
    wrong = {fault.name: fault.message for fault in faults}
    sections, total, set_ones = [], 0, 0
    for section in ctx.app.sections:
        lines = [_line(settings, item, wrong) for item in section.settings if item.key in settings.values]
        total += len(lines)
        set_ones += sum(line.changed for line in lines)
        shown = [line for line in lines if (line.changed or not changed) and _holds(line.setting, words)]
        if shown:
            sections.append(Section(section.title.replace("`", ""), section.summary, shown))
    return Found(sections, faults, total, set_ones)


def _line(settings: Settings, item: Setting, wrong: dict[str, str]) -> Line:
    value = settings[item.key]
    names = (item.key, *item.names, *(f"{name}_FILE" for name in item.names))
    fault = next((wrong[name] for name in names if name in wrong), "")
    shown = ("••••••" if value else "") if item.secret else str(without_password(written(value)))
    return Line(item, shown, "" if item.secret else written(item.default), settings.origins[item.key], fault)


def written(value: Any) -> str:
    """A value as one would write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _holds(item: Setting, words: str) -> bool:
    text = " ".join((item.key, *item.names, item.help)).lower()
    return all(word in text for word in words.lower().split())
