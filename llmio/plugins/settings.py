"""The operator's switches for plugins."""

from __future__ import annotations

from llmio.core.settings import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "llmio.plugins.disabled",
        "LLMIO_PLUGINS_DISABLED",
        "list",
        default=(),
        help="Names of plugins that are not loaded.",
    ),
    Setting(
        "llmio.plugins.only",
        "LLMIO_PLUGINS_ONLY",
        "list",
        default=(),
        help="Names of the only plugins that are loaded; empty: all.",
    ),
    Setting(
        "llmio.plugins.safe",
        "LLMIO_PLUGINS_SAFE",
        "bool",
        default=False,
        help="Load the built-in plugins alone, to find out whether another one is at fault.",
    ),
    Setting(
        "llmio.plugins.strict",
        "LLMIO_PLUGINS_STRICT",
        "bool",
        default=False,
        help="Stop at the first fault of a plugin instead of setting it aside: for development and tests.",
    ),
    Setting(
        "llmio.plugins.required",
        "LLMIO_PLUGINS_REQUIRED",
        "list",
        default=(),
        help="Names of plugins without which the site refuses to start.",
    ),
)
