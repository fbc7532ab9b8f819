"""Settings: declared once, typed; environment over ini over default."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from llmio.core.setting_forms import FORMS, Like

OFF = frozenset({"", "0", "false", "no", "off"})

Kind = Literal["text", "int", "float", "bool", "list", "choice"]
Origin = Literal["environment", "file", "ini", "default"]


@dataclass(frozen=True)
class Setting:
    """One declared setting.

    `key` is its name in ini files and code (`site.name`), `env` its variable, `aliases` further variables that mean
    the same, `over` such that win over `env` (the first one present wins). A `secret` is never shown. Booleans follow
    the reference's variables, whose presence means on, but `0`, `false`, `no`, `off` mean off. A variable that is set
    to nothing counts as not set, unless `blank` says that nothing is a value, too.
    """

    key: str
    env: str
    kind: Kind = "text"
    default: Any = None
    help: str = ""
    secret: bool = False
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """Of a choice all that it may be; of a number the words that it may be instead."""
    over: tuple[str, ...] = ()
    blank: bool = False
    within: tuple[float, float] | None = None
    """The smallest and the largest number that it may be."""
    like: Like = ""
    """The form that a text must have (`core.setting_forms`)."""
    switch: Literal["", "site", "group"] = ""
    """An administrator may change it while the site runs: for the site, or for single groups, too (`core.switches`)."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its variables, in the order in which they win."""
        return tuple(name for name in (*self.over, self.env, *self.aliases) if name)

    def read(self, raw: str) -> Any:
        """The typed value of what was written; ValueError says what is expected."""
        if self.kind in ("int", "float") and raw.strip() in self.choices:
            return raw.strip()
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
        if self.like and raw.strip():
            return self._formed(raw.strip())
        return raw

    def _formed(self, raw: str) -> str:
        form = FORMS[self.like]
        if not form.holds(raw):
            raise ValueError(f"{raw!r} is not {form.words}")
        return raw

    @property
    def fatal(self) -> bool:
        """Whether the site cannot start with a value that it may not be."""
        return not self.like or FORMS[self.like].fatal

    def _number(self, raw: str) -> int | float:
        kinds = {"int": (int, "a whole number"), "float": (float, "a number")}
        make, words = kinds[self.kind]
        try:
            number: int | float = make(raw.strip())
        except ValueError:
            more = f" or {' or '.join(map(repr, self.choices))}" if self.choices else ""
            raise ValueError(f"{raw!r} is not {words}{more}") from None
        low, high = self.within or (number, number)
        if not low <= number <= high:
            raise ValueError(f"{raw!r} must be from {low:g} to {high:g}")
        return number


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


@dataclass(frozen=True)
class Switched:
    """What administrators switched: key → value for the site, (key, group id) → on or off for groups."""

    site: Mapping[str, Any]
    groups: Mapping[tuple[str, int], bool]


@dataclass
class Settings:
    """The values in force; `settings["site.name"]`. An undeclared key is a programming error (KeyError)."""

    declared: dict[str, Setting]
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    sources: tuple[Mapping[str, str], Mapping[str, str]] = field(default=({}, {}), repr=False)
    """Where values are read from: ini, environment."""
    named: dict[str, str] = field(default_factory=dict)
    """The variable or ini key that each value came from, of those that did not come from the default."""
    switched: Switched = field(default_factory=lambda: Switched({}, {}))
    """What administrators switched while the site runs; replaced as a whole (see `core.switches`)."""

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def text(self, key: str) -> str:
        """A value that is text; empty where unset."""
        if key in self.switched.site and self.origins[key] == "default":
            return str(self.switched.site[key])
        return str(self.values[key] or "")

    def number(self, key: str) -> int:
        """A value that is a whole number."""
        return int(self.values[key])

    def on(self, key: str, *groups: int | None) -> bool:
        """Whether a switch is on, for a group where ids are given (its own and its parent's: the first that has a word).

        What was configured wins; else it is as an administrator has it.
        """
        if self.origins[key] == "default":
            for group_id in groups:
                if group_id is not None and (key, group_id) in self.switched.groups:
                    return self.switched.groups[key, group_id]
            if key in self.switched.site:
                return bool(self.switched.site[key])
        return bool(self.values[key])

    def remember(self, former: Settings) -> None:
        """Keep the values of plugins that went: what is under way in one of them reads its settings to its end."""
        for key in former.values.keys() - self.values.keys():
            self.values[key], self.origins[key] = former.values[key], former.origins[key]

    def declare(self, items: Iterable[Setting]) -> list[Fault]:
        """Take in the settings of a plugin, read from the same sources; returns what is wrong with their values.

        Raises ValueError, and takes none of them, where a key or variable is declared already.
        """
        new = list(items)
        taken = {name for item in self.declared.values() for name in (item.key, *item.names)}
        for item in new:
            twice = taken & {item.key, *item.names}
            if twice:
                raise ValueError(f"setting {', '.join(sorted(twice))} is declared already")
            taken |= {item.key, *item.names}
        before = len(self.faults)
        for item in new:
            self.declared[item.key] = item
            _read(self, item)
        return self.faults[before:]

    def describe(self) -> list[dict[str, Any]]:
        """Every setting with value and origin; secrets are hidden."""
        return [self.row(item) for _, item in sorted(self.declared.items())]

    def row(self, item: Setting) -> dict[str, Any]:
        """One setting with value and origin; a secret is only said to be set."""
        value = self.values[item.key]
        return {
            "key": item.key,
            "variable": item.env,
            "aliases": [name for name in item.names if name != item.env],
            "type": item.kind,
            "value": ("set" if value else "") if item.secret else without_password(value),
            "origin": self.origins[item.key],
            "from": self.named.get(item.key, ""),
            "default": None if item.secret else item.default,
            "secret": item.secret,
            "help": item.help,
        }


def without_password(value: Any) -> Any:
    """A value as it may be shown: an address that carries a password, without it, whoever forgot to call it secret."""
    if not isinstance(value, str):
        return value
    scheme, mark, rest = value.partition("://")
    user, at, host = rest.rpartition("@")
    if not mark or not at or ":" not in user:
        return value
    return f"{scheme}{mark}{user.partition(':')[0]}:••••••@{host}"


def nearest(name: str, known: Iterable[str], *, like: float = 0.6) -> str:
    """`; did you mean X?`, or nothing where no known name is like it."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=like)
    return f"; did you mean {close[0]}?" if close else ""


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
            settings.faults.append(Fault(key, f"no such setting{nearest(key, table)}", fatal=False))
    return settings


def _read(settings: Settings, item: Setting) -> None:
    raw, origin, name = _find(item, *settings.sources, settings.faults)
    value = item.default
    if raw is not None:
        try:
            value = item.read(raw)
        except ValueError as error:
            # A file may be another one than was meant, and hold what nobody should read.
            hidden = item.secret or origin == "file"
            words = f"what it holds is not {_expected(item)}" if hidden else str(error)
            aside = "" if item.fatal else "; it counts as not set"
            settings.faults.append(Fault(name, words + aside, fatal=item.fatal))
            if item.like and item.fatal:
                value = raw  # nothing starts with it; who examines the site sees what is there
            else:
                origin = "default"
    settings.values[item.key] = value
    settings.origins[item.key] = origin
    if origin != "default":
        settings.named[item.key] = name


def _expected(item: Setting) -> str:
    if item.kind == "choice":
        return f"one of {', '.join(item.choices)}"
    if item.like:
        return FORMS[item.like].words
    return {"int": "a whole number that it may be", "float": "a number that it may be"}.get(
        item.kind, "what it must be"
    )


def _find(
    item: Setting, ini: Mapping[str, str], env: Mapping[str, str], faults: list[Fault]
) -> tuple[str | None, Origin, str]:
    for name in item.names:
        if name in env and (env[name].strip() or item.blank):
            return env[name], "environment", name
        path = env.get(f"{name}_FILE")
        if path:
            try:
                text = Path(path).read_text(encoding="utf-8-sig").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is no text"
                faults.append(Fault(f"{name}_FILE", f"cannot read {path}: {why}"))
                continue
            if text or item.blank:
                return text, "file", f"{name}_FILE"
            faults.append(Fault(f"{name}_FILE", f"{path} is empty; it counts as not set", fatal=False))
    if item.key in ini and (ini[item.key].strip() or item.blank):
        return ini[item.key], "ini", item.key
    return None, "default", item.env
