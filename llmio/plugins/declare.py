"""What a plugin says of itself, and the marker of its hook implementations."""

from __future__ import annotations

from dataclasses import dataclass

import pluggy

from llmio.core.settings import Setting

PROJECT = "llmio"
GROUP = "llmio.plugins"
"""The entry-point group; a break of the plugin interface would open a new one."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the implementation of the hook of the same name."""


@dataclass(frozen=True)
class Plugin:
    """What a plugin says of itself, as `PLUGIN` in its module.

    `title` and `summary` are shown to administrators; text, or text marked with `_()`. Keys of `settings` begin with the plugin's name
    (`storage_s3.bucket`); their values are read like every other setting: environment over ini over default. Version,
    author and licence come from the metadata of the distribution.
    """

    title: object
    summary: object
    settings: tuple[Setting, ...] = ()
