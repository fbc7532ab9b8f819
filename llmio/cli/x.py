"""`llmio x NAME …`: commands that plugins bring, each plugin's in a group of its name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from llmio.core.app import App

HOOK = "llmio_commands"


class PluginGroup(click.Group):
    """A group per plugin that has commands; plugins are loaded when this is used, each guarded."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the plugins that bring commands."""
        return [one.plugin for one in _app(ctx).plugins.implementing(HOOK)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A plugin's group, filled by the plugin; `@click.pass_obj` gives its commands a PluginContext."""
        from llmio.plugins import observe  # noqa: PLC0415  # slow
        from llmio.plugins.guard import note  # noqa: PLC0415  # slow

        app = _app(ctx)
        record = app.plugins.record(cmd_name)
        for one in app.plugins.implementing(HOOK):
            if one.plugin == cmd_name:
                group = click.Group(cmd_name, help=record.summary if record else "")
                try:
                    one(group=group)
                except (Exception, SystemExit) as error:
                    note(app.plugins, cmd_name, HOOK, error, now=app.ports.clock.now())
                    raise
                ctx.obj = observe.context_of(app, cmd_name)
                return group
        if record is not None and not record.works:
            raise click.ClickException(f"plugin {cmd_name} is {record.state}: {record.error or record.switched_by}")
        return None


def _app(ctx: click.Context) -> App:
    from llmio import boot  # noqa: PLC0415  # slow

    if "app" not in ctx.meta:
        ctx.meta["app"] = boot.build(env=os.environ)
    app: App = ctx.meta["app"]
    return app


@click.group(cls=PluginGroup)
def x() -> None:
    """Commands that plugins bring: `llmio x PLUGIN …`."""
