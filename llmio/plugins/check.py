"""What is checked of a plugin's module beside what pluggy checks itself."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pluggy

from llmio.plugins.declare import Plugin
from llmio.plugins.registry import Implementation


class PluginError(Exception):
    """A plugin is not what the interface asks for; the message is for its author."""


def declared(module: Any, name: str) -> Plugin:
    """The module's PLUGIN; raises PluginError for what is wrong with the module as such."""
    if not isinstance(module, ModuleType):
        raise PluginError(f"the entry point leads to {module!r}; it must name a module")
    about = getattr(module, "PLUGIN", None)
    if not isinstance(about, Plugin):
        raise PluginError(f"{module.__name__} has no PLUGIN = Plugin(title, summary)")
    if not str(about.title) or not str(about.summary):
        raise PluginError("PLUGIN has no title or no summary")
    foreign = [setting.key for setting in about.settings if not setting.key.startswith(f"{name}.")]
    if foreign:
        raise PluginError(f"the key of setting {foreign[0]} must begin with {name}.")
    for attribute, value in vars(module).items():
        forgotten = inspect.isfunction(value) and not hasattr(value, "llmio_impl")
        if attribute.startswith("llmio_") and forgotten and value.__module__ == module.__name__:
            raise PluginError(f"{attribute} is not marked with @hookimpl")
    return about


def implementations(manager: pluggy.PluginManager, name: str) -> list[Implementation]:
    """The plugin's hook implementations, ready to be called one by one."""
    found = []
    callers = manager.get_hookcallers(manager.get_plugin(name)) or []
    for caller in callers:
        for one in caller.get_hookimpls():
            if one.plugin_name != name:
                continue
            if one.hookwrapper or one.wrapper:
                raise PluginError(
                    f"{caller.name} is a wrapper; hooks are called one by one, so there is nothing to wrap"
                )
            found.append(Implementation(name, caller.name, one.function, tuple(one.argnames)))
    return found
