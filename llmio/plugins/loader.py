"""The loader: finds plugins, checks, imports and registers them, collects what they offer; each by itself.

Our own and not pluggy's `load_setuptools_entrypoints`, which raises out of the first broken import and silently drops
the second of two plugins of one name. Whatever is wrong with a plugin, the whole plugin is set aside: half a plugin
would be harder to understand than none.
"""

from __future__ import annotations

import difflib
import logging
import traceback
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType, ModuleType
from typing import Any

import pluggy

from llmio import __version__
from llmio.core.errors import Unavailable
from llmio.core.settings import Settings
from llmio.plugins import hookspecs
from llmio.plugins.check import PluginError, declared, implementations
from llmio.plugins.declare import PROJECT, Plugin
from llmio.plugins.discover import Candidate, discover
from llmio.plugins.failures import describe
from llmio.plugins.kinds import KINDS, Kind
from llmio.plugins.registry import Implementation, PluginRecord, Plugins, State

log = logging.getLogger("llmio.plugins")

Offers = dict[str, dict[str, Any]]


def load(settings: Settings, off: Collection[str] = (), *, refuse: bool = True) -> Plugins:
    """Load the plugins that are installed and on; `off` names those an administrator switched off on the page.

    With `refuse` raises Unavailable where a required plugin is absent and, in strict mode, for any plugin at fault.
    """
    loading = _Loading(settings, frozenset(off))
    for candidate in discover():
        loading.take(candidate)
    loading.look_for_missing()
    plugins = loading.freeze()
    if refuse:
        _refuse(plugins)
    return plugins


class _Loading:
    """What is gathered while loading."""

    def __init__(self, settings: Settings, off: frozenset[str]) -> None:
        self.settings = settings
        self.off = off
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.found: dict[str, PluginRecord] = {}
        self.modules: dict[str, ModuleType] = {}
        self.implementations: list[Implementation] = []
        self.offers: Offers = {kind.name: {} for kind in KINDS}
        self.owners: dict[int, str] = {}

    def take(self, candidate: Candidate) -> None:
        """Load one plugin, or note why not."""
        record = _record(candidate)
        rival = next((one for one in self.found.values() if one.name == candidate.name), None)
        switch = self._switched_off(candidate)
        if rival:
            text = f"the name is taken by the plugin of {rival.distribution}; this one is not loaded"
            record = replace(record, state=State.DUPLICATE, error=text)
        elif switch:
            record = replace(record, state=State.DISABLED, switched_by=switch)
        elif conflict := candidate.conflict(__version__):
            record = replace(record, state=State.INCOMPATIBLE, error=conflict)
        else:
            record = self._load(candidate, record)
        self.found[f"{candidate.distribution}:{candidate.name}"] = record
        if record.at_fault:
            log.error("plugin %s (%s) is set aside: %s", record.name, record.distribution, record.error)

    def _switched_off(self, candidate: Candidate) -> str:
        """What keeps a plugin from being loaded; empty where nothing does. The environment wins over the page."""
        name, settings = candidate.name, self.settings
        only = settings["llmio.plugins.only"]
        if name in settings["llmio.plugins.disabled"]:
            return "LLMIO_PLUGINS_DISABLED"
        if only and name not in only:
            return "LLMIO_PLUGINS_ONLY"
        if settings["llmio.plugins.safe"] and not candidate.built_in:
            return "LLMIO_PLUGINS_SAFE"
        return "page" if name in self.off else ""

    def _load(self, candidate: Candidate, record: PluginRecord) -> PluginRecord:
        try:
            module = candidate.entry.load()
            about = declared(module, candidate.name)
            record = replace(record, title=about.title, summary=about.summary)
            self._register(candidate.name, module)
            found = implementations(self.manager, candidate.name)
            offers = self._collect(found)
            self._settings(about)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # a plugin may do anything when imported, even leave
            self._forget(candidate.name)
            lines = "".join(traceback.format_exception(error))
            text = str(error) if isinstance(error, PluginError) else describe(error)
            return replace(record, state=State.FAILED, error=text, traceback=lines)
        self._keep(candidate.name, module, found, offers)
        return replace(
            record,
            state=State.ACTIVE,
            hooks=tuple(one.hook for one in found),
            settings=tuple(setting.key for setting in about.settings),
            offers=MappingProxyType({kind: tuple(keys) for kind, keys in offers.items() if keys}),
        )

    def _register(self, name: str, module: ModuleType) -> None:
        """Hand it to pluggy, which checks signatures; then look for hooks that nobody calls."""
        if self.manager.register(module, name) is None:
            raise PluginError("is blocked")
        try:
            self.manager.check_pending()
        except pluggy.PluginValidationError as error:
            known = [hook for hook in vars(hookspecs) if hook.startswith("llmio_")]
            marked = [hook for hook in vars(module) if hook.startswith("llmio_") and hook not in known]
            close = [near for hook in marked for near in difflib.get_close_matches(hook, known, n=1)]
            hint = f"; did you mean {', '.join(close)}?" if close else ""
            raise PluginError(f"there is no hook {', '.join(marked) or error}{hint}") from error

    def _forget(self, name: str) -> None:
        if self.manager.get_plugin(name) is not None:
            self.manager.unregister(name=name)

    def _collect(self, found: Iterable[Implementation]) -> Offers:
        """What the plugin offers; raises PluginError for anything that is not what the hook asks for."""
        offers: Offers = {}
        calls = {one.hook: one for one in found}
        for kind in KINDS:
            if kind.hook in calls:
                offers[kind.name] = self._offered(kind, calls[kind.hook]())
        return offers

    def _offered(self, kind: Kind, returned: Any) -> dict[str, Any]:
        if isinstance(returned, str | bytes | Mapping) or not isinstance(returned, Iterable):
            raise PluginError(f"{kind.hook} returned {returned!r}; it must return a list")
        offered: dict[str, Any] = {}
        for one in returned:
            if fault := kind.fault(one):
                raise PluginError(fault)
            rival = self.offers[kind.name].get(one.key) or offered.get(one.key)
            if rival is not None:
                owner = self.owners.get(id(rival), "this plugin")
                raise PluginError(f"{kind.one} {one.key} is offered by {owner} already")
            offered[one.key] = one
        return offered

    def _settings(self, about: Plugin) -> None:
        try:
            faults = self.settings.declare(about.settings)
        except ValueError as error:
            raise PluginError(str(error)) from error
        if faults:
            raise PluginError("; ".join(str(fault) for fault in faults))

    def _keep(self, name: str, module: ModuleType, found: list[Implementation], offers: Offers) -> None:
        self.modules[name] = module
        self.implementations += found
        for kind, objects in offers.items():
            self.offers[kind].update(objects)
            self.owners.update({id(one): name for one in objects.values()})

    def look_for_missing(self) -> None:
        """Note plugins that the operator names but that are not installed."""
        names = {record.name for record in self.found.values()}
        for key in ("llmio.plugins.required", "llmio.plugins.only", "llmio.plugins.disabled"):
            for name in self.settings[key]:
                if name not in names:
                    names.add(name)
                    close = difflib.get_close_matches(name, names - {name}, n=1)
                    hint = f"; did you mean {close[0]}?" if close else ""
                    self._missing(name, f"{self.settings.declared[key].env} names it, but it is not installed{hint}")

    def _missing(self, name: str, text: str) -> None:
        log.error("plugin %s: %s", name, text)
        self.found[f":{name}"] = PluginRecord(name, "", "", "", built_in=False, state=State.MISSING, error=text)

    def freeze(self) -> Plugins:
        """The registries, from now on read-only."""
        registries: dict[str, Any] = {kind.name: MappingProxyType(self.offers[kind.name]) for kind in KINDS}
        return Plugins(
            settings=self.settings,
            strict=bool(self.settings["llmio.plugins.strict"]),
            found=self.found,
            modules=MappingProxyType(self.modules),
            implementations=tuple(self.implementations),
            owners=MappingProxyType(self.owners),
            **registries,
        )


def _record(candidate: Candidate) -> PluginRecord:
    return PluginRecord(
        name=candidate.name,
        module=candidate.value,
        distribution=candidate.distribution,
        version=candidate.version,
        built_in=candidate.built_in,
        state=State.FAILED,
        author=candidate.author,
        licence=candidate.licence,
        homepage=candidate.homepage,
    )


def _refuse(plugins: Plugins) -> None:
    """Refuse to start without a required plugin and, in strict mode, with any plugin at fault."""
    reasons = []
    for name in plugins.settings["llmio.plugins.required"]:
        record = plugins.record(name)
        if record is None or not record.works:
            why = record.error or f"it is {record.state} ({record.switched_by})" if record else "it is not installed"
            reasons.append(f"plugin {name} is required (LLMIO_PLUGINS_REQUIRED): {why}")
    if plugins.strict:
        reasons += [f"plugin {one.name} is {one.state}: {one.error}" for one in plugins.records if one.at_fault]
    if reasons:
        raise Unavailable("\n".join(dict.fromkeys(reasons)))
