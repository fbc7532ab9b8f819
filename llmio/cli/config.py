"""`llmio config`: show every setting with its value and where that comes from; say what is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from llmio.core.settings import Fault, Section, Setting, Settings

if TYPE_CHECKING:
    from llmio.plugins.registry import Plugins

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415

INI = click.option(
    "--ini", "ini_file", type=click.Path(exists=True, dir_okay=False), help="Read this ini file, too ([app:main])."
)


@click.group()
def config() -> None:
    """Show and check the settings."""


@config.command()
@INI
@click.option("--json", "as_json", is_flag=True, help="Print all that is known as JSON.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the page of the documentation, without values.")
def describe(ini_file: str | None, *, as_json: bool, as_markdown: bool) -> None:
    """Show every setting: its value, where that comes from, and what it does. Secrets are not shown."""
    if as_markdown:
        click.echo(markdown(documented()), nl=False)
        return
    found = examined(read_ini(ini_file), os.environ)
    if as_json:
        _print_json(found)
        return
    values = {row["key"]: row for row in found.settings.describe()}
    for section in found.sections:
        click.echo(click.style(section.title, bold=True))
        for item in section.settings:
            row = values[item.key]
            click.echo(f"  {item.env or item.key} = {_shown(row['value'])}  ({row['origin']})")
            click.echo(f"      {item.help}")


@config.command()
@INI
@click.option("--json", "as_json", is_flag=True, help="Print the faults as JSON.")
def check(ini_file: str | None, *, as_json: bool) -> None:
    """Say what is wrong with the settings; exit code 1 where the site could not start."""
    found = examined(read_ini(ini_file), os.environ)
    if as_json:
        _print_json(found)
    else:
        for fault in found.faults:
            click.echo(f"{'Wrong' if fault.fatal else 'Note'}: {fault}")
        if not found.faults:
            click.echo(f"All {len(found.settings.declared)} settings are well.")
    if any(fault.fatal for fault in found.faults):
        raise click.exceptions.Exit(1)


@dataclass(frozen=True)
class Found:
    """The settings in force, sorted for people, and all that is wrong with them."""

    settings: Settings
    sections: tuple[Section, ...]
    faults: tuple[Fault, ...]


def read_ini(path: str | None) -> dict[str, str]:
    """The settings of an ini file's application."""
    if path is None:
        return {}
    import plaster

    if "app:main" not in plaster.get_sections(path):
        raise click.UsageError(f"{path} has no section [app:main].")
    return dict(plaster.get_settings(path, "app:main"))


def examined(ini: Mapping[str, str], env: Mapping[str, str]) -> Found:
    """Read the settings of core, features and plugins; nothing is refused, so that all faults are seen at once."""
    from llmio import boot
    from llmio.core import settings_check
    from llmio.core.settings import load

    settings = load(boot.declared(), ini, env)
    plugins = _plugins(settings)
    return Found(
        settings,
        boot.sections(settings, plugins),
        tuple(settings_check.faults(settings)),
    )


def documented() -> Found:
    """The settings of core, features and built-in plugins, as they are where nothing is configured."""
    return examined({"llmio.plugins.safe": "1"}, {})


def markdown(found: Found) -> str:
    """The page of the documentation that lists every setting."""
    lines = [
        "# Settings",
        "",
        "<!-- Written by `make docs` from the declarations in the code. -->",
        "",
        "Every setting has a variable and a key for ini files; the variable wins. `NAME_FILE` names a file that holds the",
        "value of `NAME`, for secrets. A switch is on when its variable is set, but `0`, `false`, `no`, `off` and nothing mean",
        "off. `llmio config describe` shows the values in force and where they come from, `llmio config check` what is wrong",
        "with them.",
    ]
    for section in found.sections:
        lines += ["", f"## {section.title}", "", *([section.summary, ""] if section.summary else [])]
        lines += ["| variable | key | type | default | meaning |", "|---|---|---|---|---|"]
        lines += [_row(item) for item in section.settings]
    return "\n".join(lines) + "\n"


def ini(found: Found, head: str, given: Mapping[str, str], *, whole: bool = False) -> str:
    """An ini file: the `given` values and, where it is to be `whole`, all others with their defaults, commented out."""
    lines = [*(f"# {line}" for line in head.splitlines()), "", "[app:main]", "use = egg:llmio"]
    if not whole:
        return "\n".join([*lines, *(f"{key} = {value}" for key, value in given.items())]) + "\n"
    for section in found.sections:
        lines += ["", f"# -- {section.title} --"]
        for item in section.settings:
            default = _written(item.default).replace("%", "%%")
            value = f"{item.key} = {given[item.key]}" if item.key in given else f"# {item.key} = {default}".rstrip()
            lines += ["", f"# {item.env}: {item.help}", value]
    return "\n".join(lines) + "\n"


def _plugins(settings: Settings) -> Plugins:
    from llmio.plugins.loader import load

    strict, settings.values["llmio.plugins.strict"] = settings["llmio.plugins.strict"], False
    try:
        return load(settings, refuse=False)
    finally:
        settings.values["llmio.plugins.strict"] = strict


def _row(item: Setting) -> str:
    kind = " · ".join(f"`{choice}`" for choice in item.choices if choice) if item.kind == "choice" else item.kind
    names = ", ".join(f"`{name}`" for name in (item.env, *item.aliases) if name)
    default = f"`{_written(item.default)}`".replace("|", "\\|") if _written(item.default) else ""
    meaning = item.help + (" Secret." if item.secret else "")
    return f"| {names} | `{item.key}` | {kind} | {default} | {meaning} |"


def _written(value: Any) -> str:
    """A default as one would write it in an ini file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return " ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


def _shown(value: Any) -> str:
    return _written(value) or "(empty)"


def _print_json(found: Found) -> None:
    shown = {
        "settings": found.settings.describe(),
        "faults": [{"name": one.name, "message": one.message, "fatal": one.fatal} for one in found.faults],
    }
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False, default=str))
