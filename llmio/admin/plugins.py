"""Plugins as administrators see them: the report, and switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core.errors import Conflict, NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.plugins import report, store

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.plugins.report import Line


def list_plugins(ctx: Context) -> list[Line]:
    """Every plugin, those at fault first."""
    ctx.require(Permission.ADMIN)
    return report.lines(ctx.app, ctx.db)


def switch_plugin(ctx: Context, name: str, *, on: bool) -> Line:
    """Keep a switch for the next start; Conflict where the environment decides."""
    line = _line(ctx, name)
    if line.held_by:
        raise Conflict(_("{what} decides about this plugin; change it there.", what=line.held_by))
    if not on and name in ctx.app.settings["llmio.plugins.required"]:
        raise Conflict(
            _("{what} says that the site needs this plugin; change it there.", what="LLMIO_PLUGINS_REQUIRED")
        )
    store.switch(ctx, name, on=on)
    return line


def forget_failures(ctx: Context, name: str) -> Line:
    """Forget what went wrong with a plugin while the site ran."""
    line = _line(ctx, name)
    store.forget(ctx, name)
    return line


def _line(ctx: Context, name: str) -> Line:
    for line in list_plugins(ctx):
        if line.record.name == name and line.record.module:
            return line
    raise NotFound(_("There is no plugin of this name."))
