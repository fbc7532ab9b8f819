"""`llmio features`: switches, changed while the site runs."""

from __future__ import annotations

import json

import click

from llmio.cli.opening import site_in_words, working

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415
GROUP = click.option("--group", default="", help="For this group alone: its address, key or id.")


@click.group()
def features() -> None:
    """Show and change switches, as /admin/features does: every process of the site follows within seconds."""


@features.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print all that is known as JSON, with the latest changes.")
def list_(*, as_json: bool) -> None:
    """Show every switch: its value, and who decides about it."""
    from llmio.admin.service import features as service

    with working() as ctx:
        if as_json:
            click.echo(json.dumps(service.as_dict(ctx), indent=1, ensure_ascii=False))
            return
        click.echo(site_in_words(ctx), err=True)
        for line in service.lines(ctx):
            where = f" in {line.held_in}" if line.held_in else ""
            why = f"set by {line.held_by}{where}" if line.held_by else "set here" if line.chosen else "default"
            click.echo(f"{line.setting.env} = {_word(line.value)}  ({why})")
            click.echo(f"    {line.setting.help}")
            for one in line.groups:
                click.echo(f"    {one.group.full_name} ({one.group.handle or one.group.key}): {_word(one.on)}")


@features.command("set")
@click.argument("name")
@click.argument("value")
@GROUP
@click.option("--json", "as_json", is_flag=True, help="Print what holds then as JSON.")
def set_(name: str, value: str, group: str, *, as_json: bool) -> None:
    """Set a switch, named by its variable or key, to on, off or a text."""
    _change(name, value, group, as_json=as_json)


@features.command()
@click.argument("name")
@GROUP
@click.option("--json", "as_json", is_flag=True, help="Print what holds then as JSON.")
def unset(name: str, group: str, *, as_json: bool) -> None:
    """Take back what was set: the default holds again."""
    _change(name, None, group, as_json=as_json)


def _change(name: str, value: str | None, group: str, *, as_json: bool) -> None:
    from llmio.admin.service import features as service

    with working() as ctx:
        item = service.switch(ctx, name, value, group=group)
    with working() as ctx:
        line = next(one for one in service.lines(ctx) if one.setting.key == item.key)
        if as_json:
            found = next(one for one in service.as_dict(ctx)["switches"] if one["key"] == item.key)
            click.echo(json.dumps(found, indent=1, ensure_ascii=False))
            return
        where = f" for {group}" if group else ""
        said = "is as before" if value is None else f"is {value}"
        click.echo(site_in_words(ctx), err=True)
        click.echo(f"{item.env} {said}{where}; for the site it is {_word(line.value)}.")


def _word(value: object) -> str:
    return {True: "on", False: "off", "": "(empty)"}.get(value, str(value)) if isinstance(value, (bool, str)) else ""
