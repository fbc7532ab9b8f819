"""The registry: what was loaded, what it offers, what went wrong. Frozen at boot but for the failures it collects."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType, ModuleType
from typing import Any

from llmio.core.settings import Settings
from llmio.plugins.failures import Failures, describe
from llmio.plugins.notify import Notifier
from llmio.plugins.polls import Method, PollType, UnknownType
from llmio.plugins.search import SearchProvider
from llmio.plugins.storage import StorageBackend
from llmio.plugins.webhooks import WebhookFormat


class State(StrEnum):
    """What became of a plugin at boot."""

    ACTIVE = "active"
    PARTLY = "partly"
    """It works, but for its pages, which could not be added."""
    DISABLED = "disabled"
    INCOMPATIBLE = "incompatible"
    DUPLICATE = "duplicate"
    FAILED = "failed"
    MISSING = "missing"
    """Switched or required by name, but not installed."""


FAULTS = frozenset({State.PARTLY, State.INCOMPATIBLE, State.DUPLICATE, State.FAILED, State.MISSING})


@dataclass(frozen=True)
class PluginRecord:
    """All that is known of a plugin. Pages and commands show records alone, never ask the plugin."""

    name: str
    module: str
    distribution: str
    version: str
    built_in: bool
    state: State
    title: object = ""
    summary: object = ""
    author: str = ""
    licence: str = ""
    homepage: str = ""
    error: str = ""
    traceback: str = ""
    switched_by: str = ""
    """What switched it off or on: a variable, an ini key, or "this page"; empty where nothing did."""
    hooks: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    offers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        """Whether its objects are in the registries."""
        return self.state in (State.ACTIVE, State.PARTLY)

    @property
    def at_fault(self) -> bool:
        """Whether something is wrong with it that the operator should mend."""
        return self.state in FAULTS

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        shown = {name: getattr(self, name) for name in self.__dataclass_fields__}
        offers = {kind: list(keys) for kind, keys in self.offers.items()}
        return {
            **shown,
            "title": str(self.title),
            "summary": str(self.summary),
            "state": str(self.state),
            "offers": offers,
        }


@dataclass(frozen=True)
class Implementation:
    """One plugin's implementation of one hook. Called by itself, since a joint call loses all results when one raises."""

    plugin: str
    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]

    def __call__(self, **given: Any) -> Any:
        """Call with those arguments it asks for."""
        return self.function(**{name: given[name] for name in self.arguments})


def _frozen() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass
class Plugins:
    """The report of loading, and the frozen registries."""

    settings: Settings
    strict: bool = False
    found: dict[str, PluginRecord] = field(default_factory=dict)
    """By distribution and name, in the order of loading."""
    modules: Mapping[str, ModuleType] = field(default_factory=_frozen)
    implementations: tuple[Implementation, ...] = ()
    methods: Mapping[str, Method] = field(default_factory=_frozen)
    poll_types: Mapping[str, PollType] = field(default_factory=_frozen)
    storages: Mapping[str, StorageBackend] = field(default_factory=_frozen)
    notifiers: Mapping[str, Notifier] = field(default_factory=_frozen)
    webhook_formats: Mapping[str, WebhookFormat] = field(default_factory=_frozen)
    search_providers: Mapping[str, SearchProvider] = field(default_factory=_frozen)
    owners: Mapping[int, str] = field(default_factory=_frozen)
    failures: Failures = field(default_factory=Failures)

    @property
    def records(self) -> tuple[PluginRecord, ...]:
        """Every plugin found, in the order of loading."""
        return tuple(self.found.values())

    def record(self, name: str) -> PluginRecord | None:
        """The record of a name; of several of one name the one that won it."""
        named = [record for record in self.found.values() if record.name == name]
        return min(named, key=lambda record: record.state == State.DUPLICATE) if named else None

    def module(self, name: str) -> ModuleType:
        """The module of a working plugin; KeyError where there is none."""
        return self.modules[name]

    def poll_type(self, key: str) -> PollType:
        """The poll type of a stored poll; where its plugin is absent a read-only stand-in."""
        return self.poll_types.get(key) or UnknownType(key)

    def owner(self, offered: object) -> str:
        """The name of the plugin that offered an object ("" for one that comes from no plugin)."""
        return self.owners.get(id(offered), "")

    def implementing(self, hook: str) -> list[Implementation]:
        """The implementations of a hook, in the order of loading."""
        return [one for one in self.implementations if one.hook == hook]

    def settings_of(self, name: str) -> dict[str, Any]:
        """A plugin's own settings, keys without the plugin's name before them."""
        record = self.record(name)
        keys = record.settings if record else ()
        return {key.removeprefix(f"{name}."): self.settings[key] for key in keys}

    def set_aside(self, name: str, where: str, error: BaseException) -> None:
        """Note that a part of a loaded plugin could not be used (its pages); the rest of it goes on."""
        lines = "".join(traceback.format_exception(error))
        for key, record in self.found.items():
            if record.name == name and record.works:
                text = f"{where}: {describe(error)}"
                self.found[key] = replace(record, state=State.PARTLY, error=text, traceback=lines)
