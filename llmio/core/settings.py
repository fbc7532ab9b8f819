"""Settings: declared once, typed; environment over ini over default."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

OFF = frozenset({"", "0", "false", "no", "off"})

Kind = Literal["text", "int", "float", "bool", "list", "choice"]
Origin = Literal["environment", "file", "ini", "default"]


@dataclass(frozen=True)
class Setting:
    """One declared setting.

    `key` is its name in ini files and code (`site.name`), `env` its variable, `aliases` further variables that mean
    the same (the first one present wins). A `secret` is never shown. Booleans follow the reference's variables, whose
    presence means on, but `0`, `false`, `no`, `off` and empty mean off.
    """

    key: str
    env: str
    kind: Kind = "text"
    default: Any = None
    help: str = ""
    secret: bool = False
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    def read(self, raw: str) -> Any:
        """The typed value of what was written; ValueError says what is expected."""
        if self.kind == "bool":
            return raw.strip().lower() not in OFF
        if self.kind == "list":
            return tuple(part for part in raw.replace(",", " ").split() if part)
        if self.kind in ("int", "float"):
            return self._number(raw)
        if self.kind == "choice" and raw not in self.choices:
            close = difflib.get_close_matches(raw, self.choices, n=1)
            hint = f", perhaps {close[0]!r}" if close else ""
            raise ValueError(f"{raw!r} is none of {', '.join(self.choices)}{hint}")
        return raw

    def _number(self, raw: str) -> int | float:
        kinds = {"int": (int, "a whole number"), "float": (float, "a number")}
        make, words = kinds[self.kind]
        try:
            return make(raw.strip())
        except ValueError:
            raise ValueError(f"{raw!r} is not {words}") from None


@dataclass(frozen=True)
class Fault:
    """Something wrong with what was configured, and what to do."""

    name: str
    message: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


@dataclass(frozen=True)
class Section:
    """Settings that belong together, for those who read them."""

    title: str
    summary: str
    settings: tuple[Setting, ...]


@dataclass
class Settings:
    """The values in force; `settings["site.name"]`. An undeclared key is a programming error (KeyError)."""

    declared: dict[str, Setting]
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    sources: tuple[Mapping[str, str], Mapping[str, str]] = field(default=({}, {}), repr=False)
    """Where values are read from: ini, environment."""

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def text(self, key: str) -> str:
        """A value that is text; empty where unset."""
        return str(self.values[key] or "")

    def number(self, key: str) -> int:
        """A value that is a whole number."""
        return int(self.values[key])

    def on(self, key: str) -> bool:
        """Whether a switch is on."""
        return bool(self.values[key])

    def declare(self, items: Iterable[Setting]) -> list[Fault]:
        """Take in the settings of a plugin, read from the same sources; returns what is wrong with their values.

        Raises ValueError, and takes none of them, where a key or variable is declared already.
        """
        new = list(items)
        taken = {name for item in self.declared.values() for name in (item.key, item.env, *item.aliases)}
        for item in new:
            twice = taken & {item.key, item.env, *item.aliases} - {""}
            if twice:
                raise ValueError(f"setting {', '.join(sorted(twice))} is declared already")
            taken |= {item.key, item.env, *item.aliases}
        before = len(self.faults)
        for item in new:
            self.declared[item.key] = item
            _read(self, item)
        return self.faults[before:]

    def describe(self) -> list[dict[str, Any]]:
        """Every setting with value and origin; secrets are hidden."""
        return [
            {
                "key": item.key,
                "variable": item.env,
                "aliases": list(item.aliases),
                "type": item.kind,
                "value": ("set" if self.values[key] else "") if item.secret else self.values[key],
                "origin": self.origins[key],
                "default": None if item.secret else item.default,
                "help": item.help,
            }
            for key, item in sorted(self.declared.items())
        ]


def load(declared: Iterable[Setting], ini: Mapping[str, str], env: Mapping[str, str]) -> Settings:
    """Read every declared setting; collects all faults instead of stopping at the first.

    An ini key is a setting if it is declared; keys under `llmio.` that are not declared are reported with the nearest
    declared one. `NAME_FILE` names a file that holds the value of `NAME`.
    """
    table: dict[str, Setting] = {}
    for item in declared:
        if item.key in table and table[item.key] != item:
            raise ValueError(f"setting {item.key} is declared twice")
        table[item.key] = item
    settings = Settings(table, sources=(ini, env))
    for item in table.values():
        _read(settings, item)
    for key in ini:
        if key.startswith("llmio.") and key not in table:
            close = difflib.get_close_matches(key, table, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            settings.faults.append(Fault(key, f"no such setting{hint}", fatal=False))
    return settings


def _read(settings: Settings, item: Setting) -> None:
    raw, origin, name = _find(item, *settings.sources, settings.faults)
    value = item.default
    if raw is not None:
        try:
            value = item.read(raw)
        except ValueError as error:
            settings.faults.append(Fault(name, str(error)))
            origin = "default"
    settings.values[item.key] = value
    settings.origins[item.key] = origin


def _find(
    item: Setting, ini: Mapping[str, str], env: Mapping[str, str], faults: list[Fault]
) -> tuple[str | None, Origin, str]:
    for name in (item.env, *item.aliases):
        if name and name in env:
            return env[name], "environment", name
        path = env.get(f"{name}_FILE") if name else None
        if path:
            try:
                return Path(path).read_text().strip(), "file", f"{name}_FILE"
            except OSError as error:
                faults.append(Fault(f"{name}_FILE", f"cannot read {path}: {error.strerror}"))
    if item.key in ini:
        return ini[item.key], "ini", item.key
    return None, "default", item.env
